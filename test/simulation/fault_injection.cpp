// SPDX-License-Identifier: MIT
#include "test/simulation/cluster.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <iostream>

namespace edgeless::test {

void cluster::fault_injection() {
  using action = void (cluster::*)();
  static constexpr action recoverable[]
    = {&cluster::grow,         &cluster::break_one,
       &cluster::crash_one,    &cluster::crash_listener,
       &cluster::talk,         &cluster::order_one,
       &cluster::cancel_one,   &cluster::move_one,
       &cluster::move_numbers, &cluster::move_numbers,
       &cluster::slow_down,    &cluster::fill_disk,
       &cluster::lose_mirror,  &cluster::restart_controller};
  static constexpr action destructive[]
    = {&cluster::kill_one, &cluster::cut_one,      &cluster::cut_pair,
       &cluster::mend_one, &cluster::cut_one_way,  &cluster::again,
       &cluster::mend_one, &cluster::restart_brain};
  auto kind = random()
              % (gentle_ ? std::size(recoverable)
                         : std::size(recoverable) + std::size(destructive));
  (this
     ->*(kind < std::size(recoverable)
           ? recoverable[kind]
           : destructive[kind - std::size(recoverable)]))();
  run_for(std::chrono::milliseconds{random() % 3000});
  insist();
}

void cluster::last_fault() {
  constexpr auto period = 2s;
  tell("mend all");
  reconnect_all();
  if (mirror_)
    mirror_->down = false;
  disk_->fail_at = 0;
  run_for(limits::back_off_max + 3 * period);
  for (int i = 0; i < 8; ++i) {
    insist();
    run_for(period);
  }
  using action = void (cluster::*)();
  static constexpr action actions[]
    = {&cluster::crash_one, &cluster::restart_controller, &cluster::kill_one,
       &cluster::restart_brain, &cluster::again};
  auto kinds = gentle_ ? 2 : std::size(actions);
  (this->*actions[random() % kinds])();
  run_for(2 * period);
}

// -- whom it may hit ----------------------------------------------------------

void cluster::tell(const std::string& what) const {
  if (how_.verbose)
    std::cout << what << '\n';
}

std::string cluster::any_node() {
  auto all = nodes();
  return all[random() % all.size()];
}

/// Whom a node has a connection to.
std::string cluster::any_peer() {
  return random() % 2 ? std::string{"domain-1"} : any_node();
}

const cluster::known& cluster::any_function() {
  return functions_[random() % functions_.size()];
}

/// Where an instance runs, whoever knows of it.
std::optional<cluster::place> cluster::find(const logical_id& id) const {
  for (auto& name : nodes())
    for (auto& [instance, x] : node_state_of(name).instances)
      if (x.spec.id == id && x.is_running() && registry(name).find(instance))
        return place{name, instance};
  return std::nullopt;
}

void cluster::whisper(const logical_id& id, const std::string& payload,
                      std::uint64_t times) {
  for (; times > 0; --times)
    if (auto at = find(id))
      cast_to(at->node, at->instance, payload);
}

/// The same, and nothing else happens for now.
void cluster::slip(const known& x, const std::string& payload, int times) {
  if (auto at = find(x.id))
    for (; times > 0; --times)
      enqueue_cast(at->node, at->instance, payload);
}

/// Something is under way, on any link.
void cluster::mutter() {
  for (std::size_t k = 0; k < 4; ++k)
    slip(functions_[k], "x", 20);
  if (!vows_.empty())
    slip(vows_.front(), "more", 10);
  run(static_cast<int>(random() % 60));
}

// -- nodes --------------------------------------------------------------------

void cluster::grow() {
  if (nodes().size() >= 8)
    return;
  auto name = "node-" + std::to_string(++born_);
  tell("add " + name);
  add_node(name, born_ % 3 == 0 ? labelled({"rare"}) : node_description{});
}

void cluster::kill_one() {
  if (nodes().size() < 2)
    return;
  auto name = any_node();
  tell("kill " + name);
  mutter();
  kill(name);
}

void cluster::again() {
  auto name = any_node();
  tell("restart " + name);
  mutter();
  restart(name);
}

// -- connections --------------------------------------------------------------

void cluster::cut_one() {
  auto name = any_node();
  tell("cut " + name);
  cut(name);
}

void cluster::cut_pair() {
  auto x = any_node();
  auto y = any_peer();
  tell("cut " + x + " from " + y);
  if (x != y)
    cut(x, y);
}

void cluster::cut_one_way() {
  auto x = any_node();
  auto y = any_peer();
  if (random() % 2)
    std::swap(x, y);
  tell("nothing from " + x + " reaches " + y);
  if (x != y)
    cut_direction(x, y);
}

void cluster::mend_one() {
  auto name = any_node();
  tell("mend " + name);
  reconnect(name);
}

void cluster::break_one() {
  auto x = any_node();
  auto y = any_peer();
  tell("reset " + x + " and " + y);
  torn_ = torn_ || y == "domain-1";
  mutter();
  if (x != y)
    reset(x, y);
}

/// Not by so much that anybody is taken for dead.
void cluster::slow_down() {
  auto x = any_node();
  auto y = any_peer();
  auto takes = std::chrono::milliseconds{random() % 50};
  tell(x + " and " + y + " are " + std::to_string(takes.count()) + " ms away");
  if (x != y)
    delay(x, y, takes);
}

// -- functions ----------------------------------------------------------------

void cluster::move_one() {
  depart(any_function());
}

/// While they speak, so that what takes the new way may overtake.
void cluster::move_numbers() {
  for (auto* all : {&numbers_, &vows_})
    for (auto& x : *all)
      if (random() % 2)
        depart(x);
  for (auto turns = random() % 20; turns > 0; --turns) {
    for (auto* all : {&numbers_, &vows_})
      if (!all->empty())
        slip(all->front(), "more", 1);
    run(static_cast<int>(random() % 20));
    advance_clock(std::chrono::milliseconds{random() % 4});
  }
}

/// It is told to move, and may still be moving when the next thing happens.
void cluster::depart(const known& x) {
  auto to = any_node();
  tell("move " + x.name + " to " + to);
  mutter();
  begin_migration(x.id, id_of(to));
  run(static_cast<int>(random() % 120));
}

void cluster::crash_one() {
  auto& x = any_function();
  tell("crash " + x.name);
  mutter();
  whisper(x.id, "die");
}

/// Between what is said to it.
void cluster::crash_listener() {
  if (!frail_)
    return;
  tell("crash v1");
  for (auto k = random() % 4; k < 8; ++k) {
    slip(vows_[0], "more", 3);
    run(static_cast<int>(random() % 8));
    if (k == 5)
      slip(vows_[1], "die", 1);
  }
}

void cluster::talk() {
  auto& x = any_function();
  tell("talk to " + x.name);
  whisper(x.id, "x", random() % 20);
}

// -- what the cluster relies on -----------------------------------------------

/// One of the next writes fails.
void cluster::fill_disk() {
  tell("the disk fails once");
  disk_->fail_at = disk_->writes + 1 + static_cast<int>(random() % 3);
}

void cluster::lose_mirror() {
  if (!mirror_)
    return;
  tell("Redis comes, goes or forgets");
  if (random() % 2)
    mirror_->content.clear();
  else
    mirror_->down = !mirror_->down;
}

void cluster::restart_brain() {
  tell("restart the orchestrator");
  mutter();
  kill_domain("domain-1");
  ++lives_;
  if (random() % 2)
    cancel_one();
  run_for(std::chrono::milliseconds{random() % 2 * (random() % 3000)});
  add_domain("domain-1");
}

/// Whatever it has promised, it knows when it is back.
void cluster::restart_controller() {
  tell("restart the controller");
  kill_controller();
  run_for(std::chrono::milliseconds{random() % 2 * (random() % 3000)});
  add_controller();
  check_orders();
}

} // namespace edgeless::test
