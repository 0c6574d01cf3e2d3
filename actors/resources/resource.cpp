// SPDX-License-Identifier: MIT
#include "actors/resources/resource.hpp"

#include "runtime/base/log.hpp"
#include "runtime/delivery/channel_policy.hpp"

#include <caf/send.hpp>

#include <algorithm>
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
  if (!queues)
    return;
  auto reason = is_stopped ? drop_reason::stopped : drop_reason::crashed;
  if (!is_stopped) {
    out->close();
    emissions->clear(reason);
    queues->out.clear(reason);
    registry->counts.count_dropped(reason, deferred.size());
  }
  queues->count_undelivered(reason);
}

caf::result<atom::ok> resource_state::activate(output_map outputs,
                                               const std::string& state,
                                               const instance_id& predecessor) {
  if (is_open)
    return atom::ok_v;
  implementation->set_outlet(out);
  if (auto problem = implementation->open()) {
    end();
    return problem;
  }
  is_open = true;
  if (predecessor.instance)
    queues->out.succeed(predecessor);
  predecessor_node = predecessor.node;
  queues->out.patch(std::move(outputs));
  queues->out.reliable().await_import();
  implementation->begin(state, static_cast<bool>(predecessor.instance),
                        self->clock().now());
  drain_outlet();
  process();
  return atom::ok_v;
}

void resource_state::patch(output_map outputs) {
  queues->out.patch(std::move(outputs));
  if (!is_stopped)
    emissions->pump();
  process();
}

void resource_state::fence(const fenced_sessions& dead) {
  auto is_dead = [&](const node_id& peer) {
    return registry->is_lost(peer, dead);
  };
  emissions->on_lost(is_dead);
  if (is_dead(predecessor_node))
    queues->in.on_predecessor_lost();
  process();
}

// -- events -------------------------------------------------------------------

void resource_state::receive(events batch) {
  for (auto& x : batch)
    take_up(std::move(x));
  if (!is_stopped)
    emissions->on_acknowledged();
  process();
  queues->flush();
}

void resource_state::take_up(event x) {
  switch (x.kind) {
  case event_kind::reply:
  case event_kind::no_reply:
  case event_kind::error:
    emissions->on_answer(x);
    return;
  case event_kind::handled:
  case event_kind::trapped:
  case event_kind::kept:
    // After the export, the streams belong to the successor.
    if (queues->out.ended() || is_stopped)
      queues->in.add(std::move(x));
    else if (x.kind == event_kind::kept)
      queues->out.reliable().import_event(std::move(x));
    else
      queues->out.reliable().on_ack(x);
    return;
  default:
    queues->in.add(std::move(x));
  }
}

void resource_state::process() {
  auto& inbox = queues->in;
  if (is_stopped) {
    inbox.clear(drop_reason::stopped);
    return;
  }
  if (inbox.is_forwarding()) {
    inbox.forward();
    if ((inbox.is_deserted() && !queues->out.is_holding())
        || inbox.has_forwarding_timed_out())
      return end();
  } else if (stop_deadline) {
    if (is_idle() || self->clock().now() >= *stop_deadline)
      return end();
  } else if (is_open && !is_frozen) {
    if (!inbox.empty())
      handle_batch();
    auto now = self->clock().now();
    if (auto due = timer(); due && *due <= now)
      implementation->on_time(now);
  }
  if (freezing.pending() && is_idle())
    freezing.deliver(atom::ok_v);
  queues->schedule(self,
                   earlier(earlier(emissions->due(), stop_deadline), timer()));
}

/// When the implementation has something to do by itself.
std::optional<resource_state::time_point> resource_state::timer() const {
  auto runs = is_open && !is_frozen && !stop_deadline && implementation;
  return runs ? implementation->due() : std::nullopt;
}

/// What it has begun is done.
bool resource_state::is_idle() const {
  return deferred.empty() && emissions->is_idle();
}

void resource_state::handle_batch() {
  events batch;
  while (!queues->in.empty()
         && batch.size() + deferred.size() < implementation->capacity())
    batch.push_back(queues->take());
  if (batch.empty())
    return;
  auto done = implementation->handle(batch, self->clock().now());
  assert(done.failed + done.deferred.size() <= batch.size());
  assert(done.failed == 0 || done.problem);
  registry->counts.count_dropped(drop_reason::resource_failed, done.failed);
  registry->counts.count_handled(batch.size() - done.failed
                                 - done.deferred.size());
  if (done.problem)
    log_problem(done.problem);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto& x = batch[i];
    if (auto ticket = done.deferred.find(i); ticket != done.deferred.end()) {
      x.payload.clear();
      auto is_new = deferred.emplace(ticket->second, std::move(x)).second;
      assert(is_new);
      static_cast<void>(is_new);
    } else if (auto own = done.answers.find(i); own != done.answers.end()) {
      conclude(x, std::move(own->second));
    } else {
      conclude(x, done.problem ? std::nullopt : std::optional<std::string>{""});
    }
  }
  queues->flush();
}

/// Acknowledges an event, and replies if it is a call; nullopt: with an error.
void resource_state::conclude(const event& x, std::optional<std::string> answer,
                              call_progress progress) {
  if (x.stream != 0)
    queues->in.handled(receipt_of(x));
  if (x.kind != event_kind::call)
    return;
  auto reply = queues->sender().make(
    answer ? event_kind::reply : event_kind::error, answer.value_or(""));
  reply.call = x.call;
  reply.trace = x.trace;
  reply.after = progress == call_progress::none ? 1 : 0;
  queues->sender().send(x.source, std::move(reply));
}

/// Requests wait in the outlet while the instance is frozen; outcomes do not.
void resource_state::drain_outlet() {
  if (!is_open || is_stopped)
    return;
  for (auto& x : out->take())
    if (auto* done = std::get_if<outlet::outcome>(&x))
      finish(std::move(*done));
    else if (auto* cast = std::get_if<outlet::cast_request>(&x))
      emissions->add(std::move(*cast));
    else if (auto* saved = std::get_if<outlet::saved_state>(&x))
      save(saved->state);
    else
      emissions->add(std::move(std::get<outlet::call_request>(x)));
  emissions->pump();
  process();
  queues->flush();
}

void resource_state::save(const std::string& state) {
  auto id = queues->sender().self().instance;
  if (registry->states.put(id, state))
    self->send(node, atom::synced_v, id);
}

void resource_state::finish(outlet::outcome x) {
  auto found = deferred.extract(x.ticket);
  if (found.empty())
    return;
  auto& answer = x.answer;
  if (answer && answer->size() > limits::payload)
    answer = fail(ec::bad_input, "the answer is larger than 16 MiB");
  auto progress = call_progress::unknown;
  if (answer) {
    registry->counts.count_handled(1);
  } else if (answer.error() == ec::stopping) {
    registry->counts.count_dropped(drop_reason::stopped);
    progress = call_progress::none;
  } else {
    registry->counts.count_dropped(drop_reason::resource_failed);
    log_problem(answer.error());
  }
  conclude(found.mapped(),
           answer ? std::optional{std::move(*answer)}
                  : std::optional<std::string>{},
           progress);
}

void resource_state::on_tick() {
  queues->on_tick();
  if (!is_stopped)
    emissions->on_tick();
  process();
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

/// Effective when what it has begun is done.
caf::result<atom::ok> resource_state::freeze() {
  if (!is_open || is_stopped || stop_deadline)
    return fail(ec::unknown_instance, "this instance does not run");
  if (freezing.pending())
    return fail(ec::duplicate, "this instance is being frozen");
  if (!std::exchange(is_frozen, true)) {
    implementation->freeze();
    drain_outlet();
    emissions->pause();
  }
  if (is_idle())
    return atom::ok_v;
  freezing = self->make_response_promise<atom::ok>();
  return freezing;
}

void resource_state::thaw() {
  if (!is_frozen || queues->in.is_forwarding())
    return;
  is_frozen = false;
  if (freezing.pending())
    freezing.deliver(fail(ec::stopping, "thawed before it was frozen"));
  implementation->thaw();
  emissions->resume();
  process();
}

void resource_state::hand_over(const endpoint& to, std::uint32_t feeders) {
  if (!is_frozen || freezing.pending() || queues->in.is_forwarding())
    return;
  drain_outlet();
  out->close();
  emissions->end();
  implementation.reset();
  queues->in.hand_over(to, feeders);
  queues->out.end(to);
  process();
}

// -- the end ------------------------------------------------------------------

/// What has begun may end within limits::resource_drain.
void resource_state::stop() {
  if (is_stopped || stop_deadline)
    return;
  if (freezing.pending())
    freezing.deliver(fail(ec::stopping, "stopped before it was frozen"));
  if (queues->in.is_forwarding() || !is_open)
    return end();
  implementation->drain();
  emissions->clear(drop_reason::stopped, true);
  stop_deadline = self->clock().now() + limits::resource_drain;
  process();
}

/// The events that are in the mailbox by now are counted before the end.
void resource_state::end() {
  if (std::exchange(is_stopped, true))
    return;
  queues->close();
  out->close();
  emissions->clear(drop_reason::stopped);
  implementation.reset();
  registry->counts.count_dropped(drop_reason::stopped, deferred.size());
  for (auto& [ticket, x] : std::exchange(deferred, {}))
    conclude(x, std::nullopt);
  queues->in.clear(drop_reason::stopped);
  queues->out.clear(drop_reason::stopped);
  queues->flush();
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
  st.node = context.node;
  st.implementation = std::move(implementation);
  auto policies = channel_policies_of(spec.settings);
  policies.merge(st.implementation->policies());
  auto seed
    = policies.empty() || !context.random ? std::uint64_t{} : context.random();
  st.queues = std::make_unique<instance_queues>(
    context.registry, context.egress, id, spec.id, std::move(room),
    self->clock(), std::move(policies), seed);
  st.emissions = std::make_unique<emitter>(*st.queues);
  st.out = std::make_shared<outlet>([me = caf::weak_actor_ptr{self->ctrl()}] {
    if (auto alive = me.lock())
      caf::anon_send(caf::actor_cast<resource_actor>(alive), atom::report_v);
  });
  // clang-format off
  return {
    [&st](atom::deliver, events& x) { st.receive(std::move(x)); },
    [&st](atom::activate, output_map& x, const std::string& y, const instance_id& z) { return st.activate(std::move(x), y, z); },
    [&st](atom::freeze) { return st.freeze(); },
    [&st](atom::thaw) { st.thaw(); },
    [&st](atom::hand_over, const endpoint& x, std::uint32_t y) { st.hand_over(x, y); },
    [&st](atom::patch, output_map& x) { st.patch(std::move(x)); },
    [&st](atom::fence, const fenced_sessions& x) { st.fence(x); },
    [&st](atom::tick) { st.on_tick(); },
    [&st](atom::report) { st.drain_outlet(); },
    [self](atom::resume) { self->quit(); },
    [&st](atom::stop) { st.stop(); },
  };
  // clang-format on
}

} // namespace

resource_actor spawn_resource(caf::actor_system& system,
                              const resource_context& context,
                              const physical_id& id, const component_spec& spec,
                              resource_ptr implementation) {
  auto room
    = std::make_shared<credit>(limits::inbox_events, limits::inbox_bytes);
  // Actors are made by functions that can be copied.
  auto made = std::make_shared<resource_ptr>(std::move(implementation));
  auto init = [=](resource_state::pointer self) {
    return resource_instance(self, id, spec, context, std::move(*made), room);
  };
  resource_actor result = spawn_on(context.where, system, init);
  context.registry->add(
    id, {caf::actor_cast<instance_actor>(result), room, spec.id});
  return result;
}

} // namespace edgeless
