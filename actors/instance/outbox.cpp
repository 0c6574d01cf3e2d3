// SPDX-License-Identifier: MIT
#include "actors/instance/outbox.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <set>

namespace edgeless {

outbox::outbox(instance_registry_ptr registry, egress_actor egress,
               instance_id self, logical_id component, caf::actor_clock& clock,
               channel_policies promises, std::uint64_t stream)
  : registry_{std::move(registry)}, egress_{std::move(egress)}, self_{self},
    component_{component}, clock_{clock}, policies_{std::move(promises)},
    stream_{stream} {
  // nop
}

outbox::leads outbox::find(std::string_view name) const {
  auto i = channels_.find(name);
  if (i == channels_.end())
    return leads::unmapped;
  return i->second.leads_to ? leads::elsewhere : leads::nowhere;
}

node_id outbox::target_node(std::string_view name) const {
  auto i = channels_.find(name);
  return i != channels_.end() && i->second.leads_to
           ? i->second.leads_to->to.node
           : node_id{};
}

void outbox::patch(output_map map) {
  if (map.revision < revision_)
    return;
  revision_ = map.revision;
  flush();
  // The old ways stay in place until what ends them has left.
  auto old_ways = std::exchange(ways_, {});
  auto old = std::exchange(channels_, {});
  for (auto& [name, to] : map.channels) {
    channel next;
    if (auto i = old.find(name); i != old.end())
      next = std::move(i->second);
    else
      promise(name, next);
    auto* former = std::exchange(next.leads_to, to ? &find_route(to) : nullptr);
    if (next.leads_to) {
      turn_to(next, to);
      lead(next, former);
    }
    old.erase(name);
    channels_.emplace(name, std::move(next));
  }
  for (auto& [name, gone] : old)
    discard_streams(gone, drop_reason::unmapped);
  promised_.clear();
  for (auto& [name, from] : channels_)
    if (from.kept)
      promised_.push_back(&from);
  flush();
}

/// A channel has a way: opened if what was sent on another one must come
/// first, then what was held.
void outbox::lead(channel& from, way* former) {
  auto& via = *from.leads_to;
  auto fresh = std::exchange(from.fresh, false);
  if (fresh && opening_ != 0 && clock_.now() < opening_until_) {
    open(via, opening_);
  } else if (former != nullptr && former->to.instance != via.to.instance
             && via.to.predecessor && !via.opened && !ended_) {
    auto mark = switch_id_of(self_.instance, via.to.instance);
    collect(*former, make_marker(mark));
    leave(*former);
    open(via, mark);
  }
  pump(from);
  for (auto& [since, x] : from.held)
    collect(via, std::move(x));
  from.held.clear();
  from.held_bytes = 0;
}

/// Sent at once, with or without an event behind it: the target holds this
/// source from now on, and knows where to send its answers.
void outbox::open(way& via, std::uint64_t after) {
  if (std::exchange(via.opened, true))
    return;
  auto x = make_marker(0);
  x.after = after;
  collect(via, std::move(x));
}

event outbox::make_marker(std::uint64_t mark) const {
  auto x = make(event_kind::marker, {});
  x.call = mark;
  return x;
}

void outbox::succeed(const instance_id& predecessor) {
  predecessor_ = predecessor;
  opening_ = switch_id_of(predecessor.instance, self_.instance);
  opening_until_ = clock_.now() + limits::hand_over;
  inheriting_ = true;
  importing_until_ = clock_.now() + limits::node_start;
}

void outbox::end(const endpoint& successor) {
  auto mark = switch_id_of(self_.instance, successor.instance);
  std::set<way*> done;
  auto bequeathed = false;
  for (auto& [name, from] : channels_) {
    pump(from);
    if (from.kept) {
      export_streams(name, from, successor);
      bequeathed = true;
    }
    if (from.leads_to == nullptr || !from.held.empty())
      from.held.emplace_back(clock_.now(), make_marker(mark));
    else if (done.insert(from.leads_to).second)
      collect(*from.leads_to, make_marker(mark));
  }
  // No stream, no number: that is all.
  if (bequeathed)
    pass_on(successor, make(event_kind::kept, {}));
  promised_.clear();
  ended_ = true;
  flush();
}

outbox::way& outbox::find_route(const endpoint& to) {
  auto [i, is_new] = ways_.try_emplace(instance_id{to.node, to.instance});
  auto& via = i->second;
  if (is_new) {
    via.to = to;
    if (to.node == registry_->self)
      via.here = registry_->find(to.instance);
    else
      via.room = registry_->egress_credit(to.node);
  }
  return via;
}

event outbox::make(event_kind kind, std::string_view payload) const {
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

void outbox::send(std::string_view name, event x) {
  if (takes_credit(x))
    registry_->counts.count_sent(1);
  auto i = channels_.find(name);
  if (i == channels_.end())
    drop(x, drop_reason::unmapped);
  else
    send_from(i->second, std::move(x));
}

void outbox::send_from(channel& from, event x) {
  if (x.payload.size() > limits::payload)
    drop(x, drop_reason::too_large);
  else if (from.leads_to)
    collect(*from.leads_to, std::move(x));
  else
    hold(from, std::move(x));
}

bool outbox::offer(std::string_view name, std::string_view payload,
                   timeout waiting) {
  auto i = channels_.find(name);
  if (i != channels_.end() && i->second.kept
      && payload.size() <= limits::payload)
    return keep(i->second, payload, waiting);
  auto x = make(event_kind::cast, payload);
  registry_->counts.count_sent(1);
  if (i == channels_.end())
    drop(x, drop_reason::unmapped);
  else
    send_from(i->second, std::move(x));
  return true;
}

void outbox::send(const instance_id& target, event x) {
  if (takes_credit(x))
    registry_->counts.count_sent(1);
  if (x.payload.size() > limits::payload) {
    drop(x, drop_reason::too_large);
    return;
  }
  endpoint to;
  to.node = target.node;
  to.instance = target.instance;
  collect(find_route(to), std::move(x));
}

void outbox::pass_on(const endpoint& to, event x) {
  x.forwarded = true;
  if (x.kind == event_kind::marker)
    x.after = 0;
  collect(find_route(to), std::move(x));
}

/// Takes room for an event at the far end, or says why there is none.
std::optional<drop_reason> outbox::lacks_credit(way& via, const event& x) {
  if (!takes_credit(x))
    return std::nullopt;
  if (via.to.node != registry_->self) {
    if (via.room->take(x.payload.size()))
      return std::nullopt;
    return drop_reason::egress_full;
  }
  if (!via.here)
    return drop_reason::unknown_instance;
  auto& room = *via.here->room;
  if (room.take(x.payload.size()))
    return std::nullopt;
  return room.closed() ? drop_reason::unknown_instance
                       : drop_reason::inbox_full;
}

void outbox::collect(way& via, event x) {
  if (auto reason = lacks_credit(via, x))
    drop(x, *reason);
  else
    append(via, std::move(x));
}

/// It has room already.
void outbox::append(way& via, event x) {
  if (via.out.empty())
    via.out.reserve(via.usual);
  via.out_bytes += x.payload.size();
  via.out.push_back(std::move(x));
  if (via.out.size() >= limits::batch_events
      || via.out_bytes >= limits::batch_bytes)
    leave(via);
}

void outbox::flush() {
  if (!promised_.empty())
    pump_all();
  for (auto& [target, via] : ways_)
    leave(via);
  // Answers and raw casts open ways that no channel keeps.
  if (ways_.size() > channels_.size() + 64)
    std::erase_if(ways_, [this](const auto& entry) {
      return std::none_of(
        channels_.begin(), channels_.end(),
        [&](const auto& x) { return x.second.leads_to == &entry.second; });
    });
}

void outbox::leave(way& via) {
  if (via.out.empty())
    return;
  auto batch = std::exchange(via.out, {});
  via.usual = batch.size();
  via.out_bytes = 0;
  if (via.to.node == registry_->self) {
    if (via.here)
      caf::anon_send(via.here->sink, atom::deliver_v, std::move(batch));
    return;
  }
  if (via.to.invocation_url.empty())
    caf::anon_send(egress_, atom::deliver_v,
                   instance_id{via.to.node, via.to.instance}, std::move(batch));
  else
    caf::anon_send(egress_, atom::deliver_v, via.to, std::move(batch));
}

void outbox::hold(channel& from, event x) {
  if (x.kind == event_kind::call || from.held.size() >= limits::held_events
      || from.held_bytes + x.payload.size() > limits::held_bytes) {
    drop(x, drop_reason::nowhere);
    return;
  }
  from.held_bytes += x.payload.size();
  from.held.emplace_back(clock_.now(), std::move(x));
}

bool outbox::holding() const {
  for (auto& [name, from] : channels_)
    if (!from.held.empty())
      return true;
  return false;
}

bool outbox::expire(time_point limit) {
  for (auto& [name, from] : channels_) {
    while (!from.leads_to && !from.held.empty()
           && from.held.front().first < limit) {
      auto& x = from.held.front().second;
      drop(x, drop_reason::nowhere);
      from.held_bytes -= x.payload.size();
      from.held.pop_front();
    }
  }
  return holding();
}

void outbox::clear(drop_reason reason) {
  promised_.clear();
  for (auto& [name, from] : channels_)
    discard_streams(from, reason);
}

/// Nothing of what waits there will be sent.
void outbox::discard_streams(channel& from, drop_reason reason) {
  for (auto& [since, x] : from.held)
    drop(x, reason);
  from.held.clear();
  from.held_bytes = 0;
  if (auto kept = std::exchange(from.kept, nullptr))
    give_up(kept->unsent(), reason);
}

/// What is kept counts as sent when it leaves, each time; or when it is clear
/// that it never will: now.
void outbox::give_up(std::uint64_t events, drop_reason reason) {
  registry_->counts.count_sent(events);
  registry_->counts.count_dropped(reason, events);
}

void outbox::forget() {
  promised_.clear();
  channels_.clear();
  ways_.clear();
}

void outbox::drop(const event& x, drop_reason reason) {
  if (!takes_credit(x))
    return;
  registry_->counts.count_dropped(reason);
  if (x.kind == event_kind::call)
    refuse(x);
}

/// A call that was passed on has its caller elsewhere.
void outbox::refuse(const event& call) {
  if (call.source == self_)
    refused_.push_back(call.call);
  else
    send_error_reply(*registry_, egress_, call, self_);
}

std::vector<std::uint64_t> outbox::take_refused() {
  return std::exchange(refused_, {});
}

} // namespace edgeless
