// SPDX-License-Identifier: MIT
#include "actors/instance/outbox.hpp"

#include <algorithm>
#include <cassert>
#include <set>

namespace edgeless {

outbox::outbox(instance_registry_ptr registry, egress_actor egress,
               instance_id self, logical_id component, caf::actor_clock& clock,
               channel_policies policies, std::uint64_t seed,
               caf::timespan hold_timeout)
  : sender_{std::move(registry), std::move(egress), self, component},
    reliable_{sender_, clock, std::move(policies), seed}, clock_{clock},
    hold_timeout_{hold_timeout} {
  // nop
}

outbox::channel_state outbox::state_of(std::string_view name) const {
  auto i = channels_.find(name);
  if (i == channels_.end())
    return channel_state::unmapped;
  return i->second.via ? channel_state::routed : channel_state::unrouted;
}

node_id outbox::target_node(std::string_view name) const {
  auto i = channels_.find(name);
  return i != channels_.end() && i->second.via ? i->second.via->to.node
                                               : node_id{};
}

// -- routes -------------------------------------------------------------------

void outbox::patch(output_map map) {
  if (map.revision < revision_)
    return;
  revision_ = map.revision;
  flush();
  // The former routes live until the markers that end them have been sent.
  auto former_routes = sender_.reset_routes();
  auto former = std::exchange(channels_, {});
  for (auto& [name, to] : map.channels) {
    auto& from = channels_[name];
    if (auto old = former.extract(name); !old.empty())
      from = std::move(old.mapped());
    else
      from.reliable = reliable_.add(name);
    auto* last = std::exchange(from.via, nullptr);
    if (to) {
      from.via = &sender_.find_route(to);
      from.via->pinned = true;
    }
    if (from.reliable)
      reliable_.set_target(*from.reliable, from.via);
    if (from.via)
      activate_route(from, last);
  }
  for (auto& [name, gone] : former) {
    drop_held(gone, drop_reason::unmapped);
    reliable_.remove(name, drop_reason::unmapped);
  }
  flush();
}

/// The channel has a route: it is opened if events on another one must come
/// first. Then waiting and held events are sent.
void outbox::activate_route(channel& from, route* former) {
  auto& via = *from.via;
  auto is_first = std::exchange(from.fresh, false);
  if (is_first && opening_switch_ != 0 && clock_.now() < opening_deadline_) {
    open(via, opening_switch_);
  } else if (former && former->to.instance != via.to.instance
             && via.to.predecessor && !via.opened && !ended_) {
    auto switch_id = switch_id_of(sender_.self().instance, via.to.instance);
    sender_.send(*former, make_marker(switch_id));
    sender_.flush(*former);
    open(via, switch_id);
  }
  if (from.reliable)
    reliable_.pump(*from.reliable);
  for (auto& [since, x] : std::exchange(from.held, {}))
    sender_.send(via, std::move(x));
  from.held_bytes = 0;
}

/// The marker is sent even if no event follows: the target holds this source
/// back from now on, and learns where its replies go.
void outbox::open(route& via, std::uint64_t after) {
  if (std::exchange(via.opened, true))
    return;
  auto x = make_marker(0);
  x.after = after;
  sender_.send(via, std::move(x));
}

event outbox::make_marker(std::uint64_t switch_id) const {
  auto x = sender_.make(event_kind::marker);
  x.call = switch_id;
  return x;
}

void outbox::succeed(const instance_id& predecessor) {
  assert(channels_.empty());
  opening_switch_ = switch_id_of(predecessor.instance, sender_.self().instance);
  opening_deadline_ = clock_.now() + limits::hand_over;
  reliable_.succeed(predecessor);
}

void outbox::end(const endpoint& successor) {
  assert(!ended_);
  auto marker
    = make_marker(switch_id_of(sender_.self().instance, successor.instance));
  reliable_.pump();
  reliable_.export_to(successor);
  std::set<route*> done;
  for (auto& [name, from] : channels_) {
    from.reliable = nullptr;
    if (!from.via || !from.held.empty())
      from.held.emplace_back(clock_.now(), marker);
    else if (done.insert(from.via).second)
      sender_.send(*from.via, marker);
  }
  ended_ = true;
  flush();
}

// -- events -------------------------------------------------------------------

bool outbox::send(std::string_view name, event x) {
  if (takes_credit(x))
    sender_.registry().counts.count_sent(1);
  auto i = channels_.find(name);
  if (i == channels_.end() || x.payload.size() > limits::payload) {
    sender_.drop(x, i == channels_.end() ? drop_reason::unmapped
                                         : drop_reason::too_large);
    return false;
  }
  auto& from = i->second;
  return from.via ? sender_.send(*from.via, std::move(x))
                  : hold(from, std::move(x));
}

bool outbox::offer(std::string_view name, std::string_view payload,
                   blocking mode) {
  auto i = channels_.find(name);
  if (i != channels_.end() && i->second.reliable
      && payload.size() <= limits::payload)
    return reliable_.offer(*i->second.reliable, payload, mode);
  send(name, sender_.make(event_kind::cast, payload));
  return true;
}

std::optional<std::size_t> outbox::unacknowledged(std::string_view name) const {
  auto i = channels_.find(name);
  if (i == channels_.end() || !i->second.reliable)
    return std::nullopt;
  return i->second.reliable->buffer.size();
}

void outbox::flush() {
  reliable_.pump();
  sender_.flush();
}

bool outbox::hold(channel& from, event x) {
  if (x.kind == event_kind::call || from.held.size() >= limits::held_events
      || from.held_bytes + x.payload.size() > limits::held_bytes) {
    sender_.drop(x, drop_reason::nowhere);
    return false;
  }
  from.held_bytes += x.payload.size();
  from.held.emplace_back(clock_.now(), std::move(x));
  return true;
}

bool outbox::is_holding() const {
  return std::ranges::any_of(channels_,
                             [](auto& x) { return !x.second.held.empty(); });
}

std::optional<outbox::time_point> outbox::due() const {
  auto result = reliable_.due();
  for (auto& [name, from] : channels_)
    if (!from.via && !from.held.empty())
      result = earlier(result,
                       std::optional{from.held.front().first + hold_timeout_});
  return result;
}

void outbox::retry() {
  reliable_.retry();
  auto limit = clock_.now() - hold_timeout_;
  for (auto& [name, from] : channels_)
    while (!from.via && !from.held.empty()
           && from.held.front().first <= limit) {
      auto& x = from.held.front().second;
      sender_.drop(x, drop_reason::nowhere);
      assert(from.held_bytes >= x.payload.size());
      from.held_bytes -= x.payload.size();
      from.held.pop_front();
    }
}

void outbox::drop_held(channel& from, drop_reason reason) {
  for (auto& [since, x] : std::exchange(from.held, {}))
    sender_.drop(x, reason);
  from.held_bytes = 0;
}

void outbox::clear(drop_reason reason) {
  for (auto& [name, from] : channels_) {
    drop_held(from, reason);
    from.reliable = nullptr;
  }
  reliable_.clear(reason);
}

void outbox::release_routes() {
  channels_.clear();
  sender_.reset_routes();
}

} // namespace edgeless
