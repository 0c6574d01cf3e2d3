// SPDX-License-Identifier: MIT
#include "actors/net/egress.hpp"

#include "runtime/base/log.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>
#include <cassert>

namespace edgeless {

using namespace std::chrono_literals;

namespace {

/// The interval of the deadline checks while events are queued or in flight.
constexpr auto busy_tick_interval = 50ms;
/// A peer that does not acknowledge a batch within this time is disconnected.
constexpr auto acknowledge_timeout = limits::local;

} // namespace

egress_state::egress_state(pointer self) : self{self} {
  // nop
}

egress_state::~egress_state() {
  ending = true;
  for (auto& [peer, to] : peers)
    drop_all(to, drop_reason::peer_lost);
  if (registry)
    registry->counts.count_dropped(drop_reason::peer_lost,
                                   registry->close_egress());
}

// -- routing ------------------------------------------------------------------

void egress_state::send(const endpoint& to, events batch) {
  auto& peer = connection_to(to.node, to.invocation_url);
  if (to.session)
    peer.session = to.session;
  auto now = self->clock().now();
  peer.reserve(batch.size());
  for (auto& x : batch) {
    auto url = source_url_of(x);
    peer.enqueue(to.instance, std::move(x), url, now);
  }
  dial_or_send(peer);
}

/// From now on, the events take the credit of the peer, if it is known.
void egress_state::send(const instance_id& to, events batch) {
  auto url = url_of(to.node);
  auto room = url.empty() ? nullptr : registry->egress_credit(to.node);
  std::erase_if(batch, [&](const event& x) {
    if (!takes_credit(x))
      return url.empty();
    registry->unrouted_credit->give_back(1, x.payload.size());
    if (room && room->take(x.payload.size()))
      return false;
    drop(to.node, x,
         room ? drop_reason::egress_full : drop_reason::unknown_node);
    return true;
  });
  if (!batch.empty())
    send(endpoint{to.node, {}, to.instance, url, {}}, std::move(batch));
}

std::string egress_state::url_of(const node_id& peer) const {
  if (auto i = urls.find(peer); i != urls.end())
    return i->second;
  auto i = peers.find(peer);
  return i == peers.end() ? std::string{} : i->second.url();
}

peer_connection& egress_state::connection_to(const node_id& peer,
                                             const std::string& url) {
  auto i = peers.find(peer);
  if (i == peers.end())
    i = peers.try_emplace(peer, peer, random(), *registry).first;
  i->second.set_url(url);
  i->second.idle_since = self->clock().now();
  return i->second;
}

/// The target's node may have no URL of the third node whose event a forwarding
/// stub here forwards, but must answer it.
std::string egress_state::source_url_of(const event& x) const {
  auto is_answered = x.kind == event_kind::call || x.stream != 0;
  if (!x.forwarded || !is_answered || x.source.node == registry->self)
    return {};
  auto i = urls.find(x.source.node);
  return i == urls.end() ? std::string{} : i->second;
}

void egress_state::set_url(const node_id& peer, const std::string& url) {
  if (urls.size() >= limits::egress_events && !urls.contains(peer))
    urls.erase(urls.begin());
  urls[peer] = url;
}

// -- connecting ---------------------------------------------------------------

void egress_state::dial_or_send(peer_connection& to) {
  if (to.state() == peer_connection::phase::open)
    send_batches(to);
  else
    dial(to);
  schedule_tick();
}

bool egress_state::dial(peer_connection& to) {
  if (!to.start_dialling(self->clock().now()))
    return false;
  net->dial(to.url(), peer_role::node, peer_role::node, to_string(to.peer),
            caf::actor_cast<caf::strong_actor_ptr>(self));
  return true;
}

void egress_state::on_dialled(const std::string& url,
                              const caf::strong_actor_ptr& ingress,
                              const std::string& reason) {
  for (auto& [peer, to] : peers) {
    if (to.url() != url || to.state() != peer_connection::phase::dialling)
      continue;
    if (!ingress) {
      on_disconnected(to, reason);
      continue;
    }
    to.on_dialled(caf::actor_cast<ingress_actor>(ingress));
    self->monitor(to.ingress());
    greet(to);
  }
}

void egress_state::greet(peer_connection& to) {
  to.on_greeting();
  auto if_current = [this, peer = to.peer, ingress = to.ingress()](auto then) {
    auto i = peers.find(peer);
    if (i != peers.end() && i->second.ingress() == ingress)
      then(i->second);
  };
  self
    ->request(to.ingress(), limits::dial, atom::greet_v,
              greeting{to.id(), registry->self, session, own_url, to.peer})
    .then(
      [this, if_current](std::uint64_t next_expected) {
        if_current([&](peer_connection& to) { resume(to, next_expected); });
      },
      [this, if_current](const caf::error& x) {
        if_current([&](peer_connection& to) { on_refused(to, x); });
      });
}

/// The peer has accepted the handshake: what it has received is acknowledged,
/// the rest is sent again.
void egress_state::resume(peer_connection& to, std::uint64_t next_expected) {
  if (to.state() != peer_connection::phase::greeting)
    return; // the answer to an earlier of two handshakes has come before
  if (to.on_open())
    ++registry->counters.egress_reconnects;
  log_debug("node", "egress: connected peer=", to.peer, " url=", to.url());
  for (auto& x : to.in_flight())
    cancel_answer(x);
  if (next_expected > 0)
    acknowledge(to, next_expected);
  for (auto& x : to.in_flight())
    send_batch(to, x);
  send_batches(to);
}

/// Peers shall know the new session before they fence the old one.
void egress_state::set_session(const session_id& own) {
  session = own;
  for (auto& [peer, to] : peers)
    if (to.state() == peer_connection::phase::open)
      greet(to);
}

/// A peer that has fenced the session of this node accepts nothing that was
/// sent in it, not even in a later session.
void egress_state::on_refused(peer_connection& to, const caf::error& reason) {
  if (reason == ec::lost_session)
    drop_all(to, drop_reason::fenced);
  on_disconnected(to, explain(reason));
}

void egress_state::on_disconnected(peer_connection& to,
                                   const std::string& reason) {
  auto redial_at = self->clock().now() + limits::redial
                   + std::chrono::milliseconds{random() % 100};
  if (!to.on_disconnected(redial_at))
    return;
  if (to.failures() == 1)
    throttle("disconnected " + to_string(to.peer), self->clock().now(),
             [&](const std::string& omitted) {
               log_info("node", "egress: disconnected peer=", to.peer,
                        " url=", to.url(), " reason=", reason, omitted);
             });
  for (auto& x : to.in_flight())
    cancel_answer(x);
  schedule_tick();
}

void egress_state::on_down(const caf::down_msg& x) {
  for (auto& [peer, to] : peers)
    if (to.ingress() && to.ingress().address() == x.source)
      on_disconnected(to, explain(x.reason));
}

// -- sending ------------------------------------------------------------------

void egress_state::send_batches(peer_connection& to) {
  while (auto* x = to.make_batch(self->clock().now()))
    send_batch(to, *x);
}

/// Sends a request without CAF's timeout, which would wake up the thread of its
/// clock for a deadline that is hardly ever missed: tick() checks it instead.
void egress_state::send_batch(peer_connection& to,
                              peer_connection::in_flight_batch& x) {
  assert(to.ingress());
  assert(x.answer == caf::message_id{});
  auto id = self->new_request_id(caf::message_priority::normal);
  x.answer = id.response_id();
  x.sent = self->clock().now();
  auto if_current = [this, peer = to.peer, answer = x.answer](auto then) {
    auto i = peers.find(peer);
    if (i == peers.end())
      return;
    auto& all = i->second.in_flight();
    auto answered = std::ranges::find(
      all, answer, &peer_connection::in_flight_batch::answer);
    if (answered == all.end())
      return;
    answered->answer = {};
    then(i->second);
  };
  self->add_multiplexed_response_handler(
    x.answer, caf::behavior{
                [this, if_current](std::uint64_t next_expected) {
                  if_current([&](peer_connection& to) {
                    acknowledge(to, next_expected);
                    send_batches(to);
                  });
                },
                [this, if_current](const caf::error& x) {
                  if_current([&](peer_connection& to) { on_refused(to, x); });
                },
              });
  // The message is ready-made, and shared with the batch in flight.
  caf::actor_cast<caf::strong_actor_ptr>(to.ingress())
    ->enqueue(self->ctrl(), id, x.content, self->context());
}

void egress_state::acknowledge(peer_connection& to,
                               std::uint64_t next_expected) {
  for (auto& x : to.in_flight()) {
    if (x.first + x.count > next_expected)
      break;
    cancel_answer(x);
  }
  registry->counters.egress_events
    += to.acknowledge(next_expected, self->clock().now());
}

/// CAF 0.17 keeps the handler of an answer until an answer comes: sends one.
void egress_state::cancel_answer(peer_connection::in_flight_batch& x) {
  auto answer = std::exchange(x.answer, {});
  if (answer != caf::message_id{} && !ending)
    self->eq_impl(answer, self->ctrl(), self->context(),
                  caf::make_error(caf::sec::request_timeout));
}

// -- dropping -----------------------------------------------------------------

/// The URL of a fenced peer is kept: it may have joined again already.
void egress_state::fence(const node_id& peer, const session_id& ended) {
  auto i = peers.find(peer);
  if (i == peers.end() || (i->second.session && i->second.session != ended))
    return;
  drop_all(i->second, drop_reason::peer_lost);
  peers.erase(i);
}

void egress_state::drop_all(peer_connection& to, drop_reason reason) {
  for (auto& x : to.in_flight())
    cancel_answer(x);
  to.drop_all(random(), [&](const event& x) { drop(to.peer, x, reason); });
  assert(!to.is_busy());
}

void egress_state::drop(const node_id& peer, const event& x,
                        drop_reason reason) {
  registry->counts.count_dropped(reason);
  auto is_own = x.source.node == registry->self;
  if (x.kind == event_kind::call && (is_own || !ending))
    send_error_reply(*registry, is_own ? egress_actor{} : self, x, {peer, {}},
                     call_progress::unknown);
}

// -- deadlines ----------------------------------------------------------------

void egress_state::schedule_tick() {
  if (peers.empty())
    return;
  auto is_busy = std::ranges::any_of(
    peers, [](const auto& entry) { return entry.second.is_busy(); });
  caf::timespan pause = limits::egress_idle;
  if (is_busy)
    pause = busy_tick_interval;
  auto now = self->clock().now();
  if (next_tick > now && next_tick <= now + pause)
    return;
  next_tick = now + pause;
  self->delayed_send(self, pause, atom::tick_v);
}

void egress_state::tick() {
  using phase = peer_connection::phase;
  auto now = self->clock().now();
  if (now < next_tick)
    return; // an earlier tick was scheduled meanwhile
  next_tick = {};
  for (auto i = peers.begin(); i != peers.end();) {
    auto& to = i->second;
    if (to.state() == phase::open && !to.in_flight().empty()
        && now - to.in_flight().front().sent > acknowledge_timeout)
      on_disconnected(to, "no acknowledgement within the timeout");
    auto is_lost = to.state() != phase::open
                   && now - to.waiting_since(now) > limits::peer_reach_timeout;
    auto is_idle = !to.is_busy() && to.state() != phase::dialling
                   && now - to.idle_since >= limits::egress_idle;
    if (is_lost) {
      throttle("unreachable " + to_string(to.peer), now,
               [&](const std::string& omitted) {
                 log_warn("node", "egress: peer unreachable peer=", to.peer,
                          " url=", to.url(),
                          " dropped_fragments=", to.fragments(), omitted);
               });
      drop_all(to, drop_reason::peer_lost);
    }
    if (is_lost || is_idle) {
      i = peers.erase(i);
      continue;
    }
    if (to.is_busy())
      dial(to);
    ++i;
  }
  schedule_tick();
}

egress_actor::behavior_type egress(egress_state::pointer self,
                                   instance_registry_ptr registry,
                                   std::shared_ptr<transport> net,
                                   random_source random, std::string own_url) {
  auto& st = self->state;
  st.registry = std::move(registry);
  st.net = std::move(net);
  st.random = std::move(random);
  st.own_url = std::move(own_url);
  self->set_down_handler([&st](const caf::down_msg& x) { st.on_down(x); });
  // clang-format off
  return {
    [&st](atom::deliver, const endpoint& to, events& x) { st.send(to, std::move(x)); },
    [&st](atom::deliver, const instance_id& to, events& x) { st.send(to, std::move(x)); },
    [&st](atom::greet, const node_id& x, const std::string& url) { st.set_url(x, url); },
    [&st](atom::join, const session_id& x) { st.set_session(x); },
    [&st](atom::fence, const fenced_sessions& all) { for (auto& x : all) st.fence(x.node, x.session); },
    [&st](atom::dialled, const std::string& url, const caf::strong_actor_ptr& ingress, const std::string& why) { st.on_dialled(url, ingress, why); },
    [&st](atom::tick) { st.tick(); },
  };
  // clang-format on
}

} // namespace edgeless
