// SPDX-License-Identifier: MIT
#include "actors/metrics_collector.hpp"

#include "runtime/log.hpp"

#include <algorithm>

namespace edgeless {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t shown_payload = 100;

std::string setting(const component_spec& spec, const std::string& key) {
  auto i = spec.settings.find(key);
  return i == spec.settings.end() ? "" : i->second;
}

} // namespace

transactions::moment machine_moment() {
  return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
}

metrics_collector_state::metrics_collector_state(pointer self) : self{self} {
  // nop
}

/// Redis need not be there, now or ever.
caf::result<atom::ok> metrics_collector_state::activate() {
  if (heard)
    return atom::ok_v;
  auto opened = house.open();
  if (!opened) {
    stop();
    return opened.error();
  }
  door = std::move(*opened);
  heard.emplace(setting(spec, "wf_name"), parse_alpha(setting(spec, "alpha")));
  return atom::ok_v;
}

void metrics_collector_state::hear(const events& batch) {
  auto now = house.now();
  std::vector<redis_command> commands;
  std::uint64_t handled = 0, writing = 0;
  for (auto& x : batch) {
    if (!takes_room(x))
      continue;
    room->give_back(1, x.payload.size());
    auto before = commands.size();
    if (heard
        && heard->take(x, now, commands) == transactions::verdict::invalid)
      blame(x);
    (commands.size() > before ? writing : handled) += 1;
  }
  auto sound = heard && write(commands);
  if (sound)
    handled += writing;
  else
    house.hood->counts.count_dropped(drop_reason::resource_failed, writing);
  house.hood->counts.count_handled(handled);
  answer(batch, sound);
}

/// True if Redis has it. After a failure Redis is left alone for a while: each
/// attempt may take as long as Redis may hang.
bool metrics_collector_state::write(
  const std::vector<redis_command>& commands) {
  if (commands.empty())
    return true;
  if (self->clock().now() < not_before)
    return false;
  auto replies = door->run(commands);
  std::string problem;
  if (!replies)
    problem = explain(replies.error());
  else
    for (auto& x : *replies)
      if (x.type == redis_reply::kind::error)
        problem = "Redis refuses a sample: " + x.text;
  if (problem.empty()) {
    failures = 0;
    return true;
  }
  complain(problem);
  if (!replies) {
    auto pause = std::min<caf::timespan>(limits::redis_pause_min
                                           * (1 << std::min(failures, 10u)),
                                         limits::redis_pause_max);
    ++failures;
    not_before = self->clock().now() + pause;
  }
  return false;
}

/// Whoever calls is answered, whatever it said: with an error only if Redis
/// does not have the sample.
void metrics_collector_state::answer(const events& batch, bool sound) {
  for (auto& x : batch) {
    if (x.kind != event_kind::call)
      continue;
    auto reply
      = answers->make(sound ? event_kind::reply : event_kind::error, "");
    reply.call = x.call;
    answers->send(x.source, std::move(reply));
  }
  answers->flush();
}

void metrics_collector_state::blame(const event& x) {
  ++invalid;
  auto now = self->clock().now();
  if (now < next_blame)
    return;
  next_blame = now + 1s;
  log_warn("node", "resource ", spec.name,
           ": invalid metrics-collector event received: \"",
           x.payload.substr(0, shown_payload), "\" from ", x.source, "; ",
           std::exchange(invalid, 0), " since the last such line");
}

void metrics_collector_state::complain(const std::string& problem) {
  auto now = self->clock().now();
  if (now < next_complaint)
    return;
  next_complaint = now + 1s;
  log_error("node", "resource ", spec.name, ": ",
            problem.substr(0, limits::text), "; samples are dropped");
}

void metrics_collector_state::stop() {
  room->close();
  house.hood->remove(id);
  house.hood->counts.count_dropped(drop_reason::stopped, room->events());
  self->quit();
}

instance_actor::behavior_type
metrics_collector(metrics_collector_state::pointer self, physical_id id,
                  component_spec spec, collector_house house, quota_ptr room) {
  auto& st = self->state;
  st.id = id;
  st.spec = std::move(spec);
  st.house = std::move(house);
  st.room = std::move(room);
  st.answers = std::make_unique<outbox>(st.house.hood, st.house.links,
                                        instance_id{st.house.hood->self, id},
                                        st.spec.id, self->clock());
  // clang-format off
  return {
    [&st](atom::deliver, const events& x) { st.hear(x); },
    [&st](atom::activate, const output_map&, const std::string&, const instance_id&) { return st.activate(); },
    [](atom::freeze) -> caf::result<atom::ok> { return fail(ec::bad_input, "not yet"); },
    [](atom::thaw) {},
    [](atom::hand_over, const endpoint&, std::uint32_t) {},
    [](atom::patch, const output_map&) { /* has no outputs */ },
    [](atom::fence, const node_id&) { /* makes no calls */ },
    [&st](atom::stop) { st.stop(); },
  };
  // clang-format on
}

provider_actor::behavior_type
metrics_collector_provider(provider_actor::pointer self,
                           collector_house house) {
  return {
    [self, house](atom::prepare, const physical_id& id,
                  const component_spec& spec) {
      auto room
        = std::make_shared<quota>(limits::inbox_events, limits::inbox_bytes);
      instance_actor made = spawn_on(house.where, self->system(),
                                     metrics_collector, id, spec, house, room);
      house.hood->add(id, {made, room, spec.id});
      return made;
    },
    [](atom::stop, const physical_id&) { /* made at once */ },
  };
}

} // namespace edgeless
