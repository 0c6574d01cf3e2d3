// SPDX-License-Identifier: MIT
#include "actors/net/ingress.hpp"

#include "runtime/base/log.hpp"

#include <algorithm>

namespace edgeless {

ingress_state::ingress_state(pointer self) : self{self} {
  // nop
}

caf::result<std::uint64_t> ingress_state::greet(const greeting& x) {
  if (x.target != registry->self)
    return fail(ec::unreachable, "this is node " + to_string(registry->self)
                                   + ", not " + to_string(x.target));
  if (dead.contains(x.session))
    return fail(ec::lost_session,
                "the session of node " + to_string(x.node) + " has ended");
  if (peers.size() >= limits::ingress_peers && !peers.contains(x.link))
    peers.erase(peers.begin());
  auto& from = peers[x.link];
  from.node = x.node;
  from.session = x.session;
  self->send(egress, atom::greet_v, x.node, x.invocation_url);
  return from.next;
}

caf::result<std::uint64_t> ingress_state::deliver(std::uint64_t link,
                                                  batch& load) {
  auto i = peers.find(link);
  if (i == peers.end())
    return fail(ec::unreachable, "handshake required: this peer connection has "
                                 "not greeted");
  auto& from = i->second;
  // Fragments of a fenced session are acknowledged, so that the peer does not
  // retransmit them in its next session, but their events are dropped.
  auto refused = dead.contains(from.session);
  auto number = load.first;
  if (from.next == 0)
    from.next = number;
  // A gap is a mistake of the peer: it retransmits from the number returned.
  if (number > from.next)
    return from.next;
  auto before = from.next;
  for (auto& x : load.fragments)
    if (number++ == from.next) {
      if (from.skipping)
        refuse(from, x, *from.skipping);
      else if (refused || !is_allowed(from, x))
        refuse(from, x, drop_reason::fenced);
      else
        accept(from, x);
      ++from.next;
    }
  registry->counters.ingress_fragments += from.next - before;
  flush();
  return from.next;
}

/// A peer sends events of its own instances, or those of third nodes that its
/// forwarding stub forwards to the successor.
bool ingress_state::is_allowed(const peer& from, const fragment& x) const {
  if (x.content.source.node == from.node)
    return true;
  if (!x.content.forwarded)
    return false;
  auto instance = registry->find(x.target);
  return instance && instance->predecessor
         && instance->predecessor == from.node;
}

void ingress_state::accept(peer& from, fragment& x) {
  auto& content = x.content;
  if (from.partial) {
    auto& sum = from.partial->payload;
    if (sum.size() + content.payload.size() > limits::payload) {
      refuse(from, x, drop_reason::too_large);
      return;
    }
    sum += content.payload;
    content.payload = std::move(sum);
    from.partial.reset();
  }
  if (x.more) {
    from.partial = std::move(content);
    return;
  }
  // A node that has greeted this ingress has given its URL itself.
  auto known = [&](auto& entry) {
    return entry.second.node == content.source.node;
  };
  if (!x.source_url.empty() && content.source.node != registry->self
      && std::ranges::none_of(peers, known))
    self->send(egress, atom::greet_v, content.source.node, x.source_url);
  collect(x.target, std::move(content));
}

/// Counts the event once, at its last part.
void ingress_state::refuse(peer& from, const fragment& x, drop_reason reason) {
  from.partial.reset();
  if (x.more) {
    from.skipping = reason;
    return;
  }
  from.skipping.reset();
  if (takes_credit(x.content))
    registry->counts.count_dropped(reason);
}

/// Consecutive events for the same instance are sent in one message.
void ingress_state::collect(const physical_id& target, event x) {
  if (target != batch_target)
    flush();
  batch_target = target;
  if (collected.empty())
    collected.reserve(last_batch_size);
  collected.push_back(std::move(x));
}

void ingress_state::flush() {
  if (collected.empty())
    return;
  auto batch = std::exchange(collected, {});
  last_batch_size = batch.size();
  if (auto instance = registry->find(batch_target)) {
    edgeless::deliver(*registry, *instance, std::move(batch),
                      [this](const event& x) { refuse(x); });
    return;
  }
  for (auto& x : batch) {
    if (!takes_credit(x))
      continue;
    registry->counts.count_dropped(drop_reason::unknown_instance);
    if (x.kind == event_kind::call)
      refuse(x);
  }
}

void ingress_state::refuse(const event& call) {
  send_error_reply(*registry, egress, call, {registry->self, batch_target},
                   call_progress::none);
}

caf::result<atom::ok> ingress_state::invoke(const physical_id& target,
                                            event& x) {
  auto instance = registry->find(target);
  if (!instance)
    return fail(ec::unknown_instance, "no instance " + to_string(target)
                                        + " on node "
                                        + to_string(registry->self));
  x.kind = event_kind::cast;
  x.source = {};
  registry->counts.count_sent(1);
  if (!instance->room->take(x.payload.size())) {
    registry->counts.count_dropped(drop_reason::inbox_full);
    return fail(ec::exhausted,
                "the inbox of " + to_string(target) + " is full");
  }
  self->send(instance->sink, atom::deliver_v, events{std::move(x)});
  return atom::ok_v;
}

void ingress_state::fence(const node_id& peer, const session_id& session) {
  if (!dead.insert(session).second)
    return;
  fenced.push_back(session);
  if (fenced.size() > limits::fenced_sessions) {
    dead.erase(fenced.front());
    fenced.pop_front();
  }
  throttle(to_string(peer), self->clock().now(),
           [&](const std::string& omitted) {
             log_info("node", "ingress: fenced session=", session,
                      " node=", peer, omitted);
           });
}

ingress_actor::behavior_type ingress(ingress_state::pointer self,
                                     instance_registry_ptr registry,
                                     egress_actor egress) {
  auto& st = self->state;
  st.registry = std::move(registry);
  st.egress = std::move(egress);
  // clang-format off
  return {
    [&st](atom::greet, const greeting& x) { return st.greet(x); },
    [&st](atom::deliver, std::uint64_t link, batch& x) { return st.deliver(link, x); },
    [&st](atom::invoke, const physical_id& to, event& x) { return st.invoke(to, x); },
    [&st](atom::fence, const fenced_sessions& all) { for (auto& x : all) st.fence(x.node, x.session); },
  };
  // clang-format on
}

} // namespace edgeless
