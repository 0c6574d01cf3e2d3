// SPDX-License-Identifier: MIT
#include "actors/net/egress.hpp"

#include "runtime/base/log.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace edgeless {

egress_state::egress_state(pointer self) : self{self} {
  // nop
}

egress_state::~egress_state() {
  ending = true;
  for (auto& [peer, way] : links)
    give_up(way, drop_reason::peer_lost);
  if (registry)
    registry->counts.count_dropped(drop_reason::peer_lost,
                                   registry->close_egress());
}

// -- what is to be sent -------------------------------------------------------

void egress_state::send(const endpoint& to, events batch) {
  auto& way = find(to.node, to.invocation_url);
  if (to.session)
    way.session = to.session;
  way.queue.expect(batch.size());
  for (auto& x : batch)
    enqueue(way, to.instance, std::move(x));
  pump(way);
}

void egress_state::send(const instance_id& to, events batch) {
  auto known = links.find(to.node);
  auto heard = heard_of.find(to.node);
  if (known == links.end() && heard == heard_of.end()) {
    link nowhere;
    nowhere.room = registry->egress_credit(to.node);
    for (auto& x : batch)
      drop(nowhere, x, drop_reason::unknown_node);
    return;
  }
  auto url = heard != heard_of.end() ? heard->second : known->second.url;
  send(endpoint{to.node, {}, to.instance, url, {}}, std::move(batch));
}

link& egress_state::find(const node_id& peer, const std::string& url) {
  auto [i, is_new] = links.try_emplace(peer);
  auto& way = i->second;
  if (is_new) {
    way.id = random();
    way.peer = peer;
    way.room = registry->egress_credit(peer);
  }
  if (way.url != url) {
    // An open link stays as it is until its connection breaks; an answer of
    // the wire about the old address is not waited for.
    if (way.state == link::phase::dialling)
      way.state = link::phase::handshake_aborted;
    way.url = url;
    way.failures = 0;
    way.not_before = {};
  }
  way.idle_since = self->clock().now();
  return way;
}

void egress_state::enqueue(link& way, const physical_id& target, event x) {
  auto now = self->clock().now();
  if (x.payload.size() <= limits::part) {
    auto url = address_of(x);
    way.queue.push_back(
      {now, fragment{target, false, std::move(x), std::move(url)}});
    return;
  }
  auto whole = std::exchange(x.payload, {});
  for (std::size_t at = 0; at < whole.size(); at += limits::part) {
    fragment piece{target, at + limits::part < whole.size(), x, address_of(x)};
    piece.content.payload = whole.substr(at, limits::part);
    way.queue.push_back({now, std::move(piece)});
  }
}

/// Of who waits for the answer to an event that is passed on.
std::string egress_state::address_of(const event& x) const {
  auto answered = x.kind == event_kind::call || x.stream != 0;
  if (!x.forwarded || !answered || x.source.node == registry->self)
    return {};
  auto i = heard_of.find(x.source.node);
  return i == heard_of.end() ? std::string{} : i->second;
}

// -- the connection -----------------------------------------------------------

void egress_state::pump(link& way) {
  switch (way.state) {
  case link::phase::open:
    launch(way);
    break;
  case link::phase::handshake_aborted:
    if (self->clock().now() >= way.not_before)
      dial(way);
    break;
  default:
    break;
  }
  arm();
}

void egress_state::dial(link& way) {
  way.state = link::phase::dialling;
  net->dial(way.url, peer_role::node, peer_role::node, to_string(way.peer),
            caf::actor_cast<caf::strong_actor_ptr>(self));
}

void egress_state::dialled(const std::string& url,
                           const caf::strong_actor_ptr& gate,
                           const std::string& reason) {
  for (auto& [peer, way] : links) {
    if (way.url != url || way.state != link::phase::dialling)
      continue;
    if (!gate) {
      broken(way, reason);
      continue;
    }
    way.gate = caf::actor_cast<ingress_actor>(gate);
    self->monitor(way.gate);
    greet(way);
  }
}

void egress_state::greet(link& way) {
  way.state = link::phase::greeting;
  auto peer = way.peer;
  auto gate = way.gate;
  auto settled = [this, peer, gate](auto verb) {
    auto i = links.find(peer);
    if (i != links.end() && i->second.gate == gate)
      verb(i->second);
  };
  self
    ->request(gate, limits::dial, atom::greet_v,
              greeting{way.id, registry->self, session, own_url, peer})
    .then(
      [this, settled](std::uint64_t wanted) {
        settled([&](link& way) { resume(way, wanted); });
      },
      [this, settled](const caf::error& x) {
        settled([&](link& way) { refused(way, x); });
      });
}

/// The peer says what it wants next: what it has already is forgotten, what it
/// has not is sent again.
void egress_state::resume(link& way, std::uint64_t wanted) {
  way.state = link::phase::open;
  if (std::exchange(way.failures, 0) > 0)
    ++registry->counters.egress_reconnects;
  log_debug("node", "link to ", way.peer, " at ", way.url, " is open");
  for (auto& x : way.in_flight_batches)
    forget(x);
  if (wanted > 0)
    taken(way, wanted);
  for (auto& x : way.in_flight_batches)
    transmit(way, x);
  launch(way);
}

/// A peer that knows our session as dead takes nothing of what was sent in it,
/// not even once we have another one.
void egress_state::refused(link& way, const caf::error& reason) {
  if (reason == ec::lost_session)
    give_up(way, drop_reason::fenced);
  broken(way, explain(reason));
}

void egress_state::broken(link& way, const std::string& reason) {
  if (way.state == link::phase::handshake_aborted)
    return;
  if (way.failures++ == 0)
    log_info("node", "link to ", way.peer, " at ", way.url,
             " is broken: ", reason);
  way.state = link::phase::handshake_aborted;
  way.gate = nullptr;
  for (auto& x : way.in_flight_batches)
    forget(x);
  way.not_before = self->clock().now() + limits::redial
                   + std::chrono::milliseconds{random() % 100};
  arm();
}

// -- what cannot be sent ------------------------------------------------------

/// Where the peer can be reached is not forgotten: it may be back already, and
/// what we hear may be old.
void egress_state::fence(const node_id& peer, const session_id& dead) {
  auto i = links.find(peer);
  if (i == links.end() || (i->second.session && i->second.session != dead))
    return;
  give_up(i->second, drop_reason::peer_lost);
  links.erase(i);
}

void egress_state::give_up(link& way, drop_reason reason) {
  auto lose = [&](const fragment& x) {
    drop(way, x.content, x.more ? drop_reason::self : reason);
  };
  for (auto& x : way.queue)
    lose(x.content);
  way.queue.clear();
  for (auto& x : way.in_flight_batches) {
    forget(x);
    for (auto& item : x.content.get_as<batch>(2).fragments)
      lose(item);
  }
  way.in_flight_batches.clear();
  registry->counters.credit_events -= way.in_flight;
  registry->counters.credit_bytes -= way.bytes_in_flight;
  way.in_flight = 0;
  way.bytes_in_flight = 0;
  // The numbers of what is dropped will never come: another life begins.
  way.id = random();
  way.next = 1;
}

/// `self` marks a part of an event whose end is counted.
void egress_state::drop(link& way, const event& x, drop_reason reason) {
  if (!takes_credit(x))
    return;
  auto whole = reason != drop_reason::self;
  way.room->give_back(whole, x.payload.size());
  if (!whole)
    return;
  registry->counts.count_dropped(reason);
  auto here = x.source.node == registry->self;
  if (x.kind == event_kind::call && (here || !ending))
    answer_failed(*registry, here ? egress_actor{} : self, x, {way.peer, {}});
}

egress_actor::behavior_type links(egress_state::pointer self,
                                  instance_registry_ptr registry,
                                  std::shared_ptr<transport> net,
                                  random_source random, std::string own_url) {
  auto& st = self->state;
  st.registry = std::move(registry);
  st.net = std::move(net);
  st.random = std::move(random);
  st.own_url = std::move(own_url);
  self->set_down_handler([&st](const caf::down_msg& x) {
    for (auto& [peer, way] : st.links)
      if (way.gate && way.gate.address() == x.source)
        st.broken(way, explain(x.reason));
  });
  // clang-format off
  return {
    [&st](atom::deliver, const endpoint& to, events& x) { st.send(to, std::move(x)); },
    [&st](atom::deliver, const instance_id& to, events& x) { st.send(to, std::move(x)); },
    [&st](atom::greet, const node_id& x, const std::string& url) { st.learn(x, url); },
    [&st](atom::join, const session_id& x) { st.rename(x); },
    [&st](atom::fence, const fenced_sessions& all) { for (auto& x : all) st.fence(x.node, x.session); },
    [&st](atom::dialled, const std::string& url, const caf::strong_actor_ptr& gate, const std::string& why) { st.dialled(url, gate, why); },
    [&st](atom::tick) { st.tick(); },
  };
  // clang-format on
}

} // namespace edgeless
