// SPDX-License-Identifier: MIT
#include "test/simulation/cluster.hpp"

namespace edgeless::test {

void cluster::order_one() {
  auto name = "g" + std::to_string(orders_.size());
  std::map<std::string, std::string> needs;
  if (random() % 2)
    needs["label_match_all"] = "rare";
  tell("start " + name);
  orders_.push_back(
    {draw<workflow_id>(random), function(name, "sink", {}, needs)});
  begin_start(orders_.back().id, {orders_.back().function});
  run(static_cast<int>(random() % 80));
}

void cluster::cancel_one() {
  if (orders_.empty())
    return;
  auto& x = orders_[random() % orders_.size()];
  if (!answers.contains(x.id))
    return;
  tell("stop " + x.function.name);
  x.stopping = true;
  begin_stop(x.id);
  run(static_cast<int>(random() % 80));
}

/// Clients repeat what has got no answer, and sometimes what has.
void cluster::insist() {
  for (auto& x : orders_) {
    if (x.stopping && !stopped.contains(x.id))
      begin_stop(x.id);
    if (!x.stopping && (!answers.contains(x.id) || random() % 8 == 0))
      begin_start(x.id, {x.function});
    // A start that was under way for long comes last.
    if (stopped.contains(x.id) && answers.contains(x.id) && random() % 8 == 0)
      begin_start(x.id, {x.function});
  }
}

} // namespace edgeless::test
