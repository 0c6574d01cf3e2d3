// SPDX-License-Identifier: MIT
#include "actors/instance/instance_queues.hpp"

namespace edgeless {

instance_queues::instance_queues(instance_registry_ptr registry,
                                 egress_actor egress, physical_id id,
                                 logical_id component, credit_ptr room,
                                 caf::actor_clock& clock,
                                 channel_policies policies,
                                 std::uint64_t stream_seed,
                                 caf::timespan hold_timeout)
  : registry{registry}, room{room}, clock{clock},
    out{registry, std::move(egress),   {registry->self, id}, component,
        clock,    std::move(policies), stream_seed,          hold_timeout},
    in{room, out.sender(), clock} {
  // nop
}

bool instance_queues::add(event x, bool has_ended) {
  auto is_for_outbox = x.kind == event_kind::handled
                       || x.kind == event_kind::trapped
                       || x.kind == event_kind::kept;
  if (!is_for_outbox || out.ended() || has_ended) {
    in.add(std::move(x));
    return false;
  }
  if (x.kind == event_kind::kept)
    out.reliable().import_event(std::move(x));
  else
    out.reliable().on_ack(x);
  out.flush();
  return true;
}

event instance_queues::take() {
  auto x = std::move(in.front());
  in.pop();
  room->give_back(1, x.payload.size());
  return x;
}

bool instance_queues::push(std::string_view payload) {
  if (!room->take(payload.size()))
    return false;
  in.push(sender().make(event_kind::cast, payload));
  return true;
}

void instance_queues::flush() {
  in.acknowledge();
  out.flush();
}

void instance_queues::on_tick() {
  if (tick_ && clock.now() >= *tick_)
    tick_.reset();
  in.expire();
  out.retry();
  out.flush();
}

void instance_queues::close() {
  room->close();
  registry->remove(sender().self().instance);
}

void instance_queues::count_undelivered(drop_reason reason) {
  registry->counts.count_dropped(reason, room->events());
  out.release_routes();
}

} // namespace edgeless
