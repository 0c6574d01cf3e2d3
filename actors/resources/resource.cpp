// SPDX-License-Identifier: MIT
#include "actors/resources/resource.hpp"

#include "runtime/base/log.hpp"

#include <caf/send.hpp>

#include <cassert>

namespace edgeless {

using namespace std::chrono_literals;

std::string setting(const component_spec& spec, const std::string& key) {
  auto i = spec.settings.find(key);
  return i == spec.settings.end() ? "" : i->second;
}

resource_state::resource_state(pointer self) : self{self} {
  // nop
}

resource_state::~resource_state() {
  if (queues)
    queues->count_undelivered(is_stopped ? drop_reason::stopped
                                         : drop_reason::crashed);
}

caf::result<atom::ok> resource_state::activate() {
  if (is_open)
    return atom::ok_v;
  if (auto problem = implementation->open()) {
    stop();
    return problem;
  }
  is_open = true;
  return atom::ok_v;
}

// -- events -------------------------------------------------------------------

void resource_state::receive(events batch) {
  for (auto& x : batch)
    if (takes_credit(x) || x.kind == event_kind::marker
        || x.kind == event_kind::known)
      queues->in.add(std::move(x));
  process();
  queues->flush();
}

void resource_state::process() {
  auto& inbox = queues->in;
  if (is_stopped) {
    inbox.clear(drop_reason::stopped);
  } else if (inbox.is_forwarding()) {
    inbox.forward();
    if (inbox.is_deserted() || inbox.has_forwarding_timed_out())
      stop();
  } else if (is_open && !is_frozen && !inbox.empty()) {
    handle_batch();
  }
  if (!is_stopped)
    queues->schedule(self);
}

void resource_state::handle_batch() {
  events batch;
  while (!queues->in.empty())
    batch.push_back(queues->take());
  auto done = implementation->handle(batch, self->clock().now());
  assert(done.failed <= batch.size());
  assert(done.failed == 0 || done.problem);
  registry->counts.count_dropped(drop_reason::resource_failed, done.failed);
  registry->counts.count_handled(batch.size() - done.failed);
  if (done.problem)
    log_problem(done.problem);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto& x = batch[i];
    if (x.stream != 0)
      queues->in.handled(receipt_of(x));
    if (x.kind != event_kind::call)
      continue;
    if (auto own = done.answers.find(i); own != done.answers.end())
      reply(x, std::move(own->second));
    else
      reply(x, done.problem ? std::nullopt : std::optional<std::string>{""});
  }
  queues->flush();
}

void resource_state::reply(const event& call,
                           std::optional<std::string> answer) {
  auto x = queues->sender().make(answer ? event_kind::reply : event_kind::error,
                                 answer.value_or(""));
  x.call = call.call;
  x.trace = call.trace;
  queues->sender().send(call.source, std::move(x));
}

/// At most one line a second.
void resource_state::log_problem(const caf::error& reason) {
  auto now = self->clock().now();
  if (now < next_log_line)
    return;
  next_log_line = now + 1s;
  log_error("node", "resource ", spec.name, ": ", reason);
}

// -- migration ----------------------------------------------------------------

caf::result<atom::ok> resource_state::freeze() {
  if (!is_open || is_stopped)
    return fail(ec::unknown_instance, "this instance does not run");
  is_frozen = true;
  return atom::ok_v;
}

void resource_state::thaw() {
  is_frozen = false;
  process();
}

void resource_state::hand_over(const endpoint& to, std::uint32_t feeders) {
  if (!is_frozen || queues->in.is_forwarding())
    return;
  implementation.reset();
  queues->in.hand_over(to, feeders);
  process();
}

// -- the end ------------------------------------------------------------------

/// The events that are in the mailbox by now are counted before the end.
void resource_state::stop() {
  if (std::exchange(is_stopped, true))
    return;
  queues->close();
  queues->in.clear(drop_reason::stopped);
  self->send(self, atom::resume_v);
}

namespace {

resource_actor::behavior_type
resource_instance(resource_state::pointer self, const physical_id& id,
                  const component_spec& spec, const resource_context& context,
                  resource_ptr implementation, credit_ptr room) {
  auto& st = self->state;
  st.spec = spec;
  st.registry = context.registry;
  st.implementation = std::move(implementation);
  st.queues = std::make_unique<instance_queues>(context.registry,
                                                context.egress, id, spec.id,
                                                std::move(room), self->clock());
  // clang-format off
  return {
    [&st](atom::deliver, events& x) { st.receive(std::move(x)); },
    [&st](atom::activate, const output_map&, const std::string&, const instance_id&) { return st.activate(); },
    [&st](atom::freeze) { return st.freeze(); },
    [&st](atom::thaw) { st.thaw(); },
    [&st](atom::hand_over, const endpoint& x, std::uint32_t y) { st.hand_over(x, y); },
    [](atom::patch, const output_map&) { /* has no outputs */ },
    [](atom::fence, const fenced_sessions&) { /* makes no calls */ },
    [&st](atom::tick) { st.queues->on_tick(); st.process(); },
    [self](atom::resume) { self->quit(); },
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
    auto init = [=](resource_state::pointer instance) {
      return resource_instance(instance, id, spec, context, make(spec), room);
    };
    instance_actor made = spawn_on(context.where, self->system(), init);
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
      // The node that asked for the instance is gone: stop it.
      if (auto made = context.registry->find(id))
        caf::anon_send(caf::actor_cast<instance_actor>(made->sink),
                       atom::stop_v);
    },
  };
}

} // namespace edgeless
