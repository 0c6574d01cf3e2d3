// SPDX-License-Identifier: MIT
#include "actors/resource.hpp"

#include "runtime/log.hpp"

#include <caf/send.hpp>

namespace edgeless {

using namespace std::chrono_literals;

resource_state::resource_state(pointer self) : self{self} {
  // nop
}

resource_state::~resource_state() {
  if (hood)
    hood->counts.count_dropped(
      over ? drop_reason::stopped : drop_reason::crashed, room->events());
}

caf::result<atom::ok> resource_state::activate() {
  if (open)
    return atom::ok_v;
  if (auto problem = craft->open()) {
    stop();
    return problem;
  }
  open = true;
  return atom::ok_v;
}

void resource_state::receive(events batch) {
  for (auto& x : batch)
    if (takes_room(x) || x.kind == event_kind::barrier
        || x.kind == event_kind::known)
      inbox->add(std::move(x));
  proceed();
  inbox->confirm();
  answers->flush();
  if (!watching_holds && inbox->holding())
    watch_holds();
}

void resource_state::proceed() {
  if (over) {
    inbox->clear(drop_reason::stopped);
  } else if (inbox->handed_over()) {
    inbox->pass_on();
    if (inbox->deserted())
      stop();
  } else if (open && !frozen && !inbox->empty()) {
    handle();
  }
}

/// All there is, at once.
void resource_state::handle() {
  events batch;
  for (; !inbox->empty(); inbox->pop()) {
    room->give_back(1, inbox->front().payload.size());
    batch.push_back(std::move(inbox->front()));
  }
  auto done = craft->handle(batch, self->clock().now());
  auto failed = std::min<std::uint64_t>(done.failed, batch.size());
  hood->counts.count_dropped(drop_reason::resource_failed, failed);
  hood->counts.count_handled(batch.size() - failed);
  if (done.problem)
    complain(done.problem);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto& x = batch[i];
    if (x.stream != 0)
      inbox->handled(receipt_of(x));
    if (x.kind != event_kind::call)
      continue;
    auto answer = done.problem ? std::nullopt : std::optional<std::string>{""};
    if (auto own = done.answers.find(i); own != done.answers.end())
      answer = std::move(own->second);
    auto kind = answer ? event_kind::reply : event_kind::error;
    auto reply = answers->make(kind, std::move(answer).value_or(""));
    reply.call = x.call;
    reply.trace = x.trace;
    answers->send(x.source, std::move(reply));
  }
  inbox->confirm();
  answers->flush();
}

/// One line a second, however much fails.
void resource_state::complain(const caf::error& reason) {
  auto now = self->clock().now();
  if (now < next_complaint)
    return;
  next_complaint = now + 1s;
  log_error("node", "resource ", spec.name, ": ", reason);
}

// -- moving -------------------------------------------------------------------

caf::result<atom::ok> resource_state::freeze() {
  if (!open || over)
    return fail(ec::unknown_instance, "this instance does not run");
  frozen = true;
  return atom::ok_v;
}

void resource_state::thaw() {
  frozen = false;
  proceed();
}

void resource_state::hand_over(const endpoint& to, std::uint32_t feeders) {
  if (!frozen || inbox->handed_over())
    return;
  craft.reset();
  inbox->hand_over(to, feeders);
  self->delayed_send(self, limits::hand_over, atom::hand_over_v);
  proceed();
}

void resource_state::watch_holds() {
  inbox->expire();
  proceed();
  watching_holds = false;
  if (auto due = inbox->due()) {
    watching_holds = true;
    self->delayed_send(self, *due - self->clock().now(), atom::tick_v);
  }
}

// -- the end ------------------------------------------------------------------

/// What was admitted is taken up once more before the end.
void resource_state::stop() {
  if (std::exchange(over, true))
    return;
  room->close();
  hood->remove(id);
  inbox->clear(drop_reason::stopped);
  self->send(self, atom::proceed_v);
}

void resource_state::leave() {
  answers->forget();
  self->quit();
}

namespace {

resource_actor::behavior_type
instance(resource_state::pointer self, const physical_id& id,
         const component_spec& spec, const resource_house& house,
         resource_ptr craft, quota_ptr room) {
  auto& st = self->state;
  st.id = id;
  st.spec = spec;
  st.hood = house.hood;
  st.room = std::move(room);
  st.craft = std::move(craft);
  auto me = instance_id{house.hood->self, id};
  st.answers = std::make_unique<outbox>(house.hood, house.links, me, spec.id,
                                        self->clock());
  st.inbox = std::make_unique<intake>(house.hood, st.room, *st.answers, me,
                                      self->clock());
  // clang-format off
  return {
    [&st](atom::deliver, events& x) { st.receive(std::move(x)); },
    [&st](atom::activate, const output_map&, const std::string&, const instance_id&) { return st.activate(); },
    [&st](atom::freeze) { return st.freeze(); },
    [&st](atom::thaw) { st.thaw(); },
    [&st](atom::hand_over, const endpoint& x, std::uint32_t y) { st.hand_over(x, y); },
    [](atom::patch, const output_map&) { /* has no outputs */ },
    [](atom::fence, const fenced_sessions&) { /* makes no calls */ },
    [&st](atom::tick) { st.watch_holds(); },
    [&st](atom::hand_over) { st.stop(); },
    [&st](atom::proceed) { st.leave(); },
    [&st](atom::stop) { st.stop(); },
  };
  // clang-format on
}

} // namespace

provider_actor::behavior_type resource_provider(provider_actor::pointer self,
                                                resource_house house,
                                                resource_maker make) {
  auto add = [=](const physical_id& id, const component_spec& spec) {
    auto room
      = std::make_shared<quota>(limits::inbox_events, limits::inbox_bytes);
    auto born = [=](resource_state::pointer me) {
      return instance(me, id, spec, house, make(spec), room);
    };
    instance_actor made = spawn_on(house.where, self->system(), born);
    house.hood->add(id, {made, room, spec.id});
    self->send(house.node, atom::prepare_v, id, made);
    return made;
  };
  return {
    [add](atom::prepare, const physical_id& id, const component_spec& spec) {
      add(id, spec);
      return atom::ok_v;
    },
    [self, add](atom::start, const physical_id& id, const component_spec& spec,
                const output_map& outputs, const std::string& state) {
      return self->delegate(add(id, spec), atom::activate_v, outputs, state,
                            instance_id{});
    },
    [house](atom::stop, const physical_id& id) {
      // Made for nobody: whoever asked has ended.
      if (auto made = house.hood->find(id))
        caf::anon_send(caf::actor_cast<instance_actor>(made->sink),
                       atom::stop_v);
    },
  };
}

} // namespace edgeless
