// SPDX-License-Identifier: MIT
#include "test/simulation/client_requests.hpp"

#include "test/simulation/cluster.hpp"

namespace edgeless::test {

void client_requests::start_workflow() {
  auto& x = cluster_;
  auto name = "g" + std::to_string(requests_.size());
  std::map<std::string, std::string> annotations;
  if (x.random() % 2)
    annotations["label_match_all"] = "rare";
  x.log_fault("start " + name);
  requests_.push_back(
    {draw<workflow_id>(x.random), function(name, "sink", {}, annotations)});
  x.begin_start(requests_.back().id, {requests_.back().function});
  x.run(static_cast<int>(x.random() % 80));
}

void client_requests::stop_workflow() {
  if (requests_.empty())
    return;
  auto& one = requests_[cluster_.random() % requests_.size()];
  if (!cluster_.answers.contains(one.id))
    return;
  cluster_.log_fault("stop " + one.function.name);
  one.stopping = true;
  cluster_.begin_stop(one.id);
  cluster_.run(static_cast<int>(cluster_.random() % 80));
}

void client_requests::repeat() {
  auto& x = cluster_;
  for (auto& one : requests_) {
    auto started = x.answers.contains(one.id);
    auto stopped = x.stopped.contains(one.id);
    if (one.stopping && !stopped)
      x.begin_stop(one.id);
    if (!one.stopping && (!started || x.random() % 8 == 0))
      x.begin_start(one.id, {one.function});
    // A start that was under way for a long time arrives after the stop.
    if (stopped && started && x.random() % 8 == 0)
      x.begin_start(one.id, {one.function});
  }
}

} // namespace edgeless::test
