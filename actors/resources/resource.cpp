// SPDX-License-Identifier: MIT
#include "actors/resources/resource.hpp"

#include "runtime/base/log.hpp"

#include <caf/send.hpp>

namespace edgeless {

using namespace std::chrono_literals;

resource_state::resource_state(pointer self) : self{self} {
  // nop
}

resource_state::~resource_state() {
  if (registry)
    registry->counts.count_dropped(
      over ? drop_reason::stopped : drop_reason::crashed, room->events());
}

caf::result<atom::ok> resource_state::activate() {
  if (open)
    return atom::ok_v;
  if (auto problem = handler->open()) {
    stop();
    return problem;
  }
  open = true;
  return atom::ok_v;
}

void resource_state::receive(events batch) {
  for (auto& x : batch)
    if (takes_credit(x) || x.kind == event_kind::marker
        || x.kind == event_kind::known)
      queue->add(std::move(x));
  proceed();
  queue->confirm();
  answers->flush();
  if (!watching_holds && queue->holding())
    watch_holds();
}

void resource_state::proceed() {
  if (over) {
    queue->clear(drop_reason::stopped);
  } else if (queue->handed_over()) {
    queue->pass_on();
    if (queue->deserted())
      stop();
  } else if (open && !frozen && !queue->empty()) {
    handle();
  }
}

/// All there is, at once.
void resource_state::handle() {
  events batch;
  for (; !queue->empty(); queue->pop()) {
    room->give_back(1, queue->front().payload.size());
    batch.push_back(std::move(queue->front()));
  }
  auto done = handler->handle(batch, self->clock().now());
  auto failed = std::min<std::uint64_t>(done.failed, batch.size());
  registry->counts.count_dropped(drop_reason::resource_failed, failed);
  registry->counts.count_handled(batch.size() - failed);
  if (done.problem)
    complain(done.problem);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto& x = batch[i];
    if (x.stream != 0)
      queue->handled(receipt_of(x));
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
  queue->confirm();
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
  if (!frozen || queue->handed_over())
    return;
  handler.reset();
  queue->hand_over(to, feeders);
  self->delayed_send(self, limits::hand_over, atom::hand_over_v);
  proceed();
}

void resource_state::watch_holds() {
  queue->expire();
  proceed();
  watching_holds = false;
  if (auto due = queue->due()) {
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
  registry->remove(id);
  queue->clear(drop_reason::stopped);
  self->send(self, atom::proceed_v);
}

void resource_state::leave() {
  answers->forget();
  self->quit();
}

namespace {

resource_actor::behavior_type
instance(resource_state::pointer self, const physical_id& id,
         const component_spec& spec, const resource_context& context,
         resource_ptr handler, credit_ptr room) {
  auto& st = self->state;
  st.id = id;
  st.spec = spec;
  st.registry = context.registry;
  st.room = std::move(room);
  st.handler = std::move(handler);
  auto me = instance_id{context.registry->self, id};
  st.answers = std::make_unique<outbox>(context.registry, context.egress, me,
                                        spec.id, self->clock());
  st.queue = std::make_unique<inbox>(context.registry, st.room, *st.answers, me,
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
                                                resource_context context,
                                                resource_maker make) {
  auto add = [=](const physical_id& id, const component_spec& spec) {
    auto room
      = std::make_shared<credit>(limits::inbox_events, limits::inbox_bytes);
    auto born = [=](resource_state::pointer me) {
      return instance(me, id, spec, context, make(spec), room);
    };
    instance_actor made = spawn_on(context.where, self->system(), born);
    context.registry->add(id, {made, room, spec.id});
    self->send(context.node, atom::prepare_v, id, made);
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
    [context](atom::stop, const physical_id& id) {
      // Made for nobody: whoever asked has ended.
      if (auto made = context.registry->find(id))
        caf::anon_send(caf::actor_cast<instance_actor>(made->sink),
                       atom::stop_v);
    },
  };
}

} // namespace edgeless
