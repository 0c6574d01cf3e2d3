// SPDX-License-Identifier: MIT
#include "actors/net/egress.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace edgeless {

void egress_state::launch(link& way) {
  auto now = self->clock().now();
  while (!way.queue.empty()
         && way.in_flight_batches.size() < limits::egress_batches
         && way.in_flight < limits::credit_events
         && way.bytes_in_flight < limits::credit_bytes) {
    link::in_flight_batch x;
    batch load;
    x.first = load.first = way.next;
    x.since = now;
    load.fragments.reserve(std::min(way.queue.size(), limits::batch_events));
    while (!way.queue.empty() && x.count < limits::batch_events
           && x.bytes < limits::batch_bytes) {
      auto& front = way.queue.front().content;
      x.bytes += front.content.payload.size();
      ++x.count;
      load.fragments.push_back(std::move(front));
      way.queue.pop_front();
    }
    way.next += x.count;
    way.in_flight += x.count;
    way.bytes_in_flight += x.bytes;
    registry->counters.credit_events += x.count;
    registry->counters.credit_bytes += x.bytes;
    x.content = caf::make_message(atom::deliver_v, way.id, std::move(load));
    way.in_flight_batches.push_back(std::move(x));
    transmit(way, way.in_flight_batches.back());
  }
}

/// A request of our own making: one of CAF's would wake up the thread of its
/// clock for a deadline that is hardly ever missed. See tick() for ours.
void egress_state::transmit(link& way, link::in_flight_batch& x) {
  auto id = self->new_request_id(caf::message_priority::normal);
  x.answer = id.response_id();
  x.sent = self->clock().now();
  auto settled = [this, peer = way.peer, answer = x.answer](auto verb) {
    auto i = egress.find(peer);
    if (i == egress.end())
      return;
    auto& way = i->second;
    auto in_flight_batch = std::ranges::find_if(
      way.in_flight_batches, [&](const auto& x) { return x.answer == answer; });
    if (in_flight_batch == way.in_flight_batches.end())
      return;
    in_flight_batch->answer = {};
    verb(way);
  };
  self->add_multiplexed_response_handler(
    x.answer, caf::behavior{
                [this, settled](std::uint64_t wanted) {
                  settled([&](link& way) {
                    taken(way, wanted);
                    launch(way);
                  });
                },
                [this, settled](const caf::error& x) {
                  settled([&](link& way) { refused(way, x); });
                },
              });
  // The message is ready-made, and shared.
  caf::actor_cast<caf::strong_actor_ptr>(way.ingress)->enqueue(
    self->ctrl(), id, x.content, self->context());
}

/// CAF keeps the handler of an answer until there is one: here it is.
void egress_state::forget(link::in_flight_batch& x) {
  auto answer = std::exchange(x.answer, {});
  if (answer != caf::message_id{} && !ending)
    self->eq_impl(answer, self->ctrl(), self->context(),
                  caf::make_error(caf::sec::request_timeout));
}

void egress_state::taken(link& way, std::uint64_t wanted) {
  while (!way.in_flight_batches.empty()) {
    auto& x = way.in_flight_batches.front();
    if (x.first + x.count > wanted)
      break;
    auto& load = x.content.get_as<batch>(2);
    std::uint64_t events = 0, bytes = 0;
    for (auto& item : load.fragments)
      if (takes_credit(item.content)) {
        events += !item.more;
        bytes += item.content.payload.size();
      }
    way.room->give_back(events, bytes);
    way.in_flight -= x.count;
    way.bytes_in_flight -= x.bytes;
    registry->counters.credit_events -= x.count;
    registry->counters.credit_bytes -= x.bytes;
    registry->counters.egress_events += events;
    forget(x);
    way.in_flight_batches.pop_front();
  }
  way.idle_since = self->clock().now();
}

} // namespace edgeless
