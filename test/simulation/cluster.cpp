// SPDX-License-Identifier: MIT
#include "test/simulation/cluster.hpp"

#include <algorithm>

namespace edgeless::test {

namespace {

world::options circumstances(std::uint64_t seed,
                             const std::shared_ptr<memory_store>& disk,
                             const std::shared_ptr<memory_database>& mirror) {
  world::options result;
  result.seed = seed;
  result.shuffled = true;
  result.store = disk;
  result.strategy = seed % 2 == 0 ? placement_strategy::random
                                  : placement_strategy::round_robin;
  if (mirror)
    result.mirror = mirror->opener();
  return result;
}

/// Ticks by itself, and traps when it is told to.
step tick(guest_host& host, const guest_event& x) {
  if (x.payload == "die")
    return trap{"told to die"};
  if (x.kind == hook::cast)
    host.cast("out", "tick");
  if (x.kind == hook::init || x.payload == "again")
    (void)host.delayed_cast(700ms, "self", "again");
  return {};
}

} // namespace

cluster::cluster(const simulation_options& how, std::uint64_t seed)
  : cluster{how, seed, std::make_shared<memory_store>(),
            seed % 3 == 0 ? std::make_shared<memory_database>() : nullptr} {
  // nop
}

cluster::cluster(const simulation_options& how, std::uint64_t seed,
                 std::shared_ptr<memory_store> disk,
                 std::shared_ptr<memory_database> mirror)
  : world{circumstances(seed, disk, mirror)}, how_{how}, disk_{std::move(disk)},
    mirror_{std::move(mirror)}, gentle_{seed % 4 == 0},
    at_least_once_{seed % 5 < 3}, frail_{seed % 5 == 0}, patient_{seed % 3
                                                                  == 0} {
  if (mirror_)
    mirror_->rejects_blocking = true;
  grow();
  grow();
  grow();
  start_functions();
  start_numbers();
  if (at_least_once_)
    start_vows();
}

std::vector<cluster::known>
cluster::start_known(std::vector<component_draft> components) {
  start(std::move(components));
  std::vector<known> result;
  for (auto& x : status.components)
    result.push_back({x.name, x.id});
  return result;
}

void cluster::start_functions() {
  scripts["ticker"] = tick;
  functions_ = start_known({function("f0", "relay", {{"out", "f1"}}),
                            function("f1", "relay", {{"out", "f2"}}),
                            function("f2", "relay", {{"out", "f3"}}),
                            function("f3", "relay", {{"out", "f4"}}),
                            function("f4", "sink")});
  for (auto& workflow :
       {std::vector{function("asker", "asker", {{"out", "server"}}),
                    function("server", "server")},
        std::vector{function("ticker", "ticker", {{"out", "heard"}}),
                    function("heard", "sink")}})
    for (auto& x : start_known(workflow))
      functions_.push_back(x);
}

/// A chain that is left in peace, but for its moves: what it says is numbered
/// outside of the runtime. Its functions may be patient: those need not lose
/// anything with a session, but must not say it twice.
void cluster::start_numbers() {
  scripts["counter"] = [this](guest_host& host, const guest_event& x) -> step {
    auto more = x.payload == "again" ? 5 : x.payload == "more" ? 1 : 0;
    for (; more > 0; --more)
      host.cast("out", std::to_string(++said_) + mark(host));
    if (x.payload != "more")
      (void)host.delayed_cast(300ms, "self", "again");
    return {};
  };
  scripts["pass"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind != hook::cast)
      return {};
    check_mark(host, x.payload);
    host.cast("out", std::to_string(std::stoull(x.payload)) + mark(host));
    return {};
  };
  scripts["order"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind != hook::cast)
      return {};
    check_mark(host, x.payload);
    auto n = std::stoull(x.payload);
    heard_twice_ += !heard_.insert(n).second;
    // A lost session leaves two copies for a while: each has its order.
    overtaken_ += !torn_ && n <= std::exchange(last_, n);
    return {};
  };
  std::map<std::string, std::string> policy;
  if (patient_)
    policy = {{"on_full.out", "block"}};
  numbers_ = start_known({function("n0", "counter", {{"out", "n1"}}, policy),
                          function("n1", "pass", {{"out", "n2"}}, policy),
                          function("n2", "order")});
}

/// A channel that delivers at least once, and moves, and may be frail: what a
/// sender has promised is void when it crashes itself.
void cluster::start_vows() {
  scripts["vow"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.payload == "die") {
      at_least_once_sent_.clear();
      return trap{"told to die"};
    }
    auto again = x.kind == hook::init || x.payload == "again";
    auto more = x.payload == "more" ? 1 : again && at_least_once_ ? 3 : 0;
    for (; more > 0; --more) {
      at_least_once_sent_[host.self().instance].insert(++promised_);
      host.cast("out", std::to_string(promised_));
    }
    if (again)
      (void)host.delayed_cast(300ms, "self", "again");
    return {};
  };
  // What it has taken is kept when its question is answered: it may crash in
  // between.
  scripts["keep"] = [this](guest_host&, const guest_event& x) -> step {
    if (x.payload == "die")
      return trap{"told to die"};
    if (x.kind != hook::cast || x.payload == "x")
      return {};
    return call_step{"ask", x.payload,
                     [this, n = std::stoull(x.payload)](call_result) -> step {
                       repeated_ += !kept_.insert(n).second;
                       return {};
                     }};
  };
  vows_ = start_known({function("v0", "vow", {{"out", "v1"}},
                                {{"delivery.out", "at-least-once"}}),
                       function("v1", "keep", {{"ask", "v2"}}),
                       function("v2", "server")});
  if (frail_)
    functions_.insert(functions_.end(), vows_.begin(), vows_.end());
}

// -- ghosts -------------------------------------------------------------------

/// What an instance says after it was replaced names the nodes that know that
/// its session has ended: they must not take it, as long as that is the
/// session of its node.
std::string cluster::mark(guest_host& host) {
  if (gentle_ || !has_domain() || orchestrator_state_of().recovery)
    return {};
  auto self = host.self().instance;
  auto there = node_of(host);
  if (there == "nowhere")
    return {};
  auto* instance = node_state_of(there).instances.find(self);
  if (instance == nullptr)
    return {};
  auto& homes = orchestrator_state_of().components;
  auto placed_on = homes.find(instance->spec.id);
  if (placed_on == homes.end() || !placed_on->second.instance
      || placed_on->second.instance == self)
    return {};
  auto session = node_state_of(there).orchestrator.session();
  std::string result
    = "!" + std::to_string(lives_) + "!" + to_string(session) + "!" + there;
  for (auto& name : nodes())
    if (name != there && ingress_of(name).dead.contains(session))
      result += "!" + name + ".";
  return result;
}

void cluster::check_mark(guest_host& host, const std::string& payload) {
  auto marked = payload.find('!');
  if (marked == std::string::npos)
    return;
  std::vector<std::string> parts;
  for (std::size_t end = 0; marked != std::string::npos; marked = end) {
    end = payload.find('!', marked + 1);
    parts.push_back(payload.substr(
      marked + 1, end == std::string::npos ? end : end - marked - 1));
  }
  auto here = node_of(host) + ".";
  auto all = nodes();
  auto same_life = parts[0] == std::to_string(lives_);
  auto same_session
    = std::ranges::count(all, parts[2]) > 0
      && to_string(node_state_of(parts[2]).orchestrator.session()) == parts[1];
  fenced_heard_
    += same_life && same_session && std::ranges::count(parts, here) > 0;
}

} // namespace edgeless::test
