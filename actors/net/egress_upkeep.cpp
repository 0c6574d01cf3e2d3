// SPDX-License-Identifier: MIT
#include "actors/net/egress.hpp"

#include "runtime/base/log.hpp"

#include <algorithm>

namespace edgeless {

using namespace std::chrono_literals;

namespace {

/// How often links are looked after while something waits for one.
constexpr auto look_interval = 50ms;
/// A batch that is not taken within this time means a broken connection.
constexpr auto timeout = limits::local;

} // namespace

void egress_state::learn(const node_id& peer, const std::string& url) {
  if (heard_of.size() >= limits::egress_events && !heard_of.contains(peer))
    heard_of.erase(heard_of.begin());
  heard_of[peer] = url;
}

/// The node has another session now: peers shall know it before they fence the
/// old one.
void egress_state::rename(const session_id& own) {
  session = own;
  for (auto& [peer, way] : egress)
    if (way.state == link::phase::open)
      greet(way);
}

void egress_state::arm() {
  if (egress.empty())
    return;
  auto waiting = std::ranges::any_of(egress, [](const auto& entry) {
    return !entry.second.queue.empty()
           || !entry.second.in_flight_batches.empty();
  });
  caf::timespan pause = limits::egress_idle;
  if (waiting)
    pause = look_interval;
  auto now = self->clock().now();
  if (next_tick > now && next_tick <= now + pause)
    return;
  next_tick = now + pause;
  self->delayed_send(self, pause, atom::tick_v);
}

void egress_state::tick() {
  auto now = self->clock().now();
  if (now < next_tick)
    return; // an earlier one was needed meanwhile
  next_tick = {};
  for (auto i = egress.begin(); i != egress.end();) {
    auto& way = i->second;
    auto busy = !way.queue.empty() || !way.in_flight_batches.empty();
    if (way.state == link::phase::open && !way.in_flight_batches.empty()
        && now - way.in_flight_batches.front().sent > timeout)
      broken(way, "it takes nothing");
    auto oldest = !way.in_flight_batches.empty()
                    ? way.in_flight_batches.front().since
                  : !way.queue.empty() ? way.queue.front().since
                                       : now;
    if (way.state != link::phase::open
        && now - oldest > limits::peer_reach_timeout) {
      log_warn("node", "cannot reach ", way.peer, " at ", way.url, ": ",
               way.queue.size() + way.in_flight, " events dropped");
      give_up(way, drop_reason::peer_lost);
      i = egress.erase(i);
      continue;
    }
    if (!busy && way.state != link::phase::dialling
        && now - way.idle_since >= limits::egress_idle) {
      i = egress.erase(i);
      continue;
    }
    if (busy && way.state == link::phase::handshake_aborted
        && now >= way.not_before)
      dial(way);
    ++i;
  }
  arm();
}

} // namespace edgeless
