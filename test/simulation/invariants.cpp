// SPDX-License-Identifier: MIT
#include "test/simulation/cluster.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace edgeless::test {

void cluster::check_laws() {
  for (auto& x : orders_)
    CHECK((x.stopping ? stopped : answers).contains(x.id));
  check_orders();
  check_homes();
  check_ping();
  at_least_once_ = false;
  // What was said to the dead waits for them for a while.
  run_for(limits::peer_reach_timeout + 2s);
  if (!vows_.empty())
    check_vows();
  check_ledger();
  CHECK(fenced_heard_ == 0);
  CHECK(heard_twice_ == 0);
  if (gentle_)
    check_order_of_numbers();
}

/// Slow cables carry something nearly always: there must be a moment when they
/// do not.
void cluster::check_ledger() {
  for (int i = 0; i < 50 && !accounted(); ++i)
    run_for(37ms);
  INFO("sent ", sent(), ", handled ", handled(), ", dropped ", dropped());
  CHECK(accounted());
  if (gentle_)
    CHECK(balanced_except_lost());
}

/// No workflow is forgotten that a client was told of, and none comes back
/// that it was told had stopped.
void cluster::check_orders() {
  auto all = list();
  for (auto& x : orders_) {
    auto there = std::ranges::count(all, x.id);
    INFO("workflow of ", x.function.name);
    CHECK(there <= 1);
    if (answers.contains(x.id) && !x.stopping)
      CHECK(there == 1);
    if (stopped.contains(x.id))
      CHECK(there == 0);
  }
}

/// Whatever can run does so once, and where its component thinks.
void cluster::check_homes() {
  std::set<logical_id> wanted;
  for (auto& id : list())
    for (auto& x : status_of(id).components) {
      auto i = std::ranges::find(orders_, x.name,
                                 [](auto& y) { return y.function.name; });
      auto rare = i != orders_.end() && !i->function.settings.empty();
      wanted.insert(x.id);
      check_home(x, rare ? "rare" : "");
    }
  for (auto& name : nodes())
    for (auto& [instance, x] : node_state_of(name).instances)
      CHECK((!x.is_running() || wanted.contains(x.spec.id)));
}

void cluster::check_home(const component_status& x, const std::string& label) {
  INFO("function ", x.name);
  auto seen = nodes_running(x.id);
  auto feasible = label.empty() ? !nodes().empty() : has_label(label);
  auto placed_on
    = x.phase == component_phase::running ? node_of(x.instance) : "nowhere";
  CHECK(placed_on == (seen.empty() ? "nowhere" : seen.front()));
  CHECK(seen.size() == feasible);
  if (feasible && !seen.empty())
    check_mirror(x);
}

void cluster::check_mirror(const component_status& x) const {
  if (mirror_)
    CHECK(mirror_->text("instance:" + to_string(x.id))
            .find("node_id: " + to_string(x.node) + ",")
          != std::string::npos);
}

bool cluster::has_label(const std::string& label) {
  for (auto& name : nodes())
    if (std::ranges::count(node_state_of(name).options.description.capabilities.labels,
                           label)
        > 0)
      return true;
  return false;
}

void cluster::check_ping() {
  auto after = [&](const std::string& name, const std::string& end) {
    journal.clear();
    whisper(std::ranges::find(functions_, name, &known::name)->id, "ping");
    run_for(1s);
    return std::ranges::count_if(
      journal, [&](auto& line) { return line.ends_with(end); });
  };
  CHECK(after("f0", " <- ping") == 5);
  CHECK(after("asker", " = re ping") == 1);
}

/// Numbers have come in order; and all of them, unless a session was lost.
void cluster::check_order_of_numbers() const {
  CHECK(overtaken_ == 0);
  if (!torn_)
    CHECK(heard_.size() == said_);
}

/// Who lives has promised nothing in vain. Nor has whoever it took over from,
/// unless a session was lost; and only who crashes, or is thought to have,
/// hears anything twice.
void cluster::check_vows() {
  auto whole = gentle_ && !torn_;
  std::set<std::uint64_t> due;
  for (auto& [instance, numbers] : at_least_once_sent_)
    if (whole || node_of(instance) != "nowhere")
      due.insert(numbers.begin(), numbers.end());
  // Whoever has to ask across slow cables keeps ten in a second.
  for (int i = 0; i < 200 && !std::ranges::includes(kept_, due); ++i)
    run_for(1s);
  CHECK(std::ranges::includes(kept_, due));
  if (whole && !frail_)
    CHECK(repeated_ == 0);
}

} // namespace edgeless::test
