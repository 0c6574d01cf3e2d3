// SPDX-License-Identifier: MIT
#include "actors/instance/event_sender.hpp"

#include <caf/send.hpp>

#include <cassert>
#include <chrono>

namespace edgeless {

namespace {

/// How many routes are added between two searches for unused ones.
constexpr std::size_t prune_interval = 64;

} // namespace

event_sender::event_sender(instance_registry_ptr registry, egress_actor egress,
                           instance_id self, logical_id component)
  : registry_{std::move(registry)}, egress_{std::move(egress)}, self_{self},
    component_{component}, prune_at_{prune_interval} {
  // nop
}

event event_sender::make(event_kind kind, std::string_view payload) const {
  using namespace std::chrono;
  event x;
  x.source = self_;
  x.source_component = component_;
  x.kind = kind;
  x.created = duration_cast<nanoseconds>(system_clock::now().time_since_epoch())
                .count();
  x.payload = payload;
  return x;
}

route& event_sender::find_route(const endpoint& to) {
  auto [i, is_new] = routes_.try_emplace(instance_id{to.node, to.instance});
  auto& via = i->second;
  // A channel may lead where a reply or a raw cast has gone before.
  auto gets_url = via.to.invocation_url.empty() && !to.invocation_url.empty();
  if (!is_new && !gets_url)
    return via;
  flush(via);
  via.to = to;
  if (to.node == registry_->self)
    via.local = registry_->find(to.instance);
  else if (to.invocation_url.empty())
    via.egress = registry_->unrouted_credit;
  else
    via.egress = registry_->egress_credit(to.node);
  return via;
}

std::map<instance_id, route> event_sender::reset_routes() {
  return std::exchange(routes_, {});
}

bool event_sender::send(const instance_id& target, event x) {
  if (takes_credit(x))
    registry_->counts.count_sent(1);
  if (x.payload.size() > limits::payload) {
    drop(x, drop_reason::too_large);
    return false;
  }
  endpoint to;
  to.node = target.node;
  to.instance = target.instance;
  return send(find_route(to), std::move(x));
}

bool event_sender::send(route& via, event x) {
  if (auto reason = take_credit(via, x)) {
    drop(x, *reason);
    return false;
  }
  append(via, std::move(x));
  return true;
}

void event_sender::forward(const endpoint& to, event x) {
  x.forwarded = true;
  if (x.kind == event_kind::marker)
    x.after = 0;
  send(find_route(to), std::move(x));
}

std::optional<drop_reason> event_sender::take_credit(route& via,
                                                     const event& x) {
  if (!takes_credit(x))
    return std::nullopt;
  if (via.to.node != registry_->self) {
    if (via.egress->take(x.payload.size()))
      return std::nullopt;
    return drop_reason::egress_full;
  }
  if (!via.local)
    return drop_reason::unknown_instance;
  auto& room = *via.local->room;
  if (room.take(x.payload.size()))
    return std::nullopt;
  return room.closed() ? drop_reason::unknown_instance
                       : drop_reason::inbox_full;
}

void event_sender::append(route& via, event x) {
  assert(x.payload.size() <= limits::payload);
  if (via.batch.empty())
    via.batch.reserve(via.usual_size);
  via.batch_bytes += x.payload.size();
  via.batch.push_back(std::move(x));
  if (via.batch.size() >= limits::batch_events
      || via.batch_bytes >= limits::batch_bytes)
    flush(via);
}

void event_sender::flush(route& via) {
  if (via.batch.empty())
    return;
  auto batch = std::exchange(via.batch, {});
  via.usual_size = batch.size();
  via.batch_bytes = 0;
  if (via.to.node == registry_->self) {
    if (via.local)
      caf::anon_send(via.local->sink, atom::deliver_v, std::move(batch));
  } else if (via.to.invocation_url.empty()) {
    caf::anon_send(egress_, atom::deliver_v,
                   instance_id{via.to.node, via.to.instance}, std::move(batch));
  } else {
    caf::anon_send(egress_, atom::deliver_v, via.to, std::move(batch));
  }
}

void event_sender::flush() {
  for (auto& [target, via] : routes_)
    flush(via);
  // Replies and raw casts add routes that no channel refers to.
  if (routes_.size() > prune_at_) {
    std::erase_if(routes_, [](auto& entry) { return !entry.second.pinned; });
    prune_at_ = routes_.size() + prune_interval;
  }
}

void event_sender::drop(const event& x, drop_reason reason) {
  if (!takes_credit(x))
    return;
  registry_->counts.count_dropped(reason);
  if (x.kind == event_kind::call && x.source != self_)
    send_error_reply(*registry_, egress_, x, self_, call_progress::none);
}

void event_sender::drop_unsent(std::uint64_t events, drop_reason reason) {
  registry_->counts.count_sent(events);
  registry_->counts.count_dropped(reason, events);
}

} // namespace edgeless
