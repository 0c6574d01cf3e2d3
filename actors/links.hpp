// SPDX-License-Identifier: MIT
#pragma once

#include "actors/neighbourhood.hpp"

#include "runtime/fifo.hpp"
#include "runtime/wire.hpp"

#include <caf/actor_clock.hpp>
#include <caf/message_id.hpp>

#include <deque>
#include <map>
#include <string>

namespace edgeless {

/// The way out of one node to another: a queue, what is on its way, and the
/// peer's GATE once it is dialled. Numbers count its parcels, so that nothing
/// is lost or doubled when the connection breaks and comes back.
struct link {
  using time_point = caf::actor_clock::time_point;
  enum class phase { hung_up, dialling, greeting, open };

  struct waiting {
    time_point since;
    parcel content;
  };

  /// A batch that the peer has not taken yet; the message is shared with the
  /// broker, not copied.
  struct flight {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    time_point since;
    time_point sent; ///< the last time
    caf::message content;
    /// Names the answer that is waited for.
    caf::message_id answer;
  };

  std::uint64_t id = 0; ///< drawn at random, once
  node_id peer;
  session_id session; ///< of the peer, as the last sender knew it
  std::string url;
  quota_ptr room;
  phase state = phase::hung_up;
  gate_actor gate;
  fifo<waiting> queue;
  std::deque<flight> flights;
  std::uint64_t in_flight = 0;
  std::uint64_t bytes_in_flight = 0;
  std::uint64_t next = 1; ///< the number of the next parcel
  time_point idle_since;
  time_point not_before; ///< the next attempt to dial
  std::uint32_t failures = 0;
};

/// The LINKS of a node. Spawned by the NODE; its instances, and its GATE for
/// answers, send here. Dials peers when there is something for them, hangs up
/// when there has not been for a while.
struct links_state {
  using pointer = links_actor::stateful_pointer<links_state>;
  using time_point = link::time_point;
  static inline constexpr const char* name = "links";

  explicit links_state(pointer self);
  /// What is still here is not sent anymore: counted.
  ~links_state();

  void send(const endpoint& to, events batch);
  void send(const instance_id& to, events batch);
  void learn(const node_id& peer, const std::string& url);
  void rename(const session_id& own);
  void fence(const node_id& peer, const session_id& dead);
  void dialled(const std::string& url, const caf::strong_actor_ptr& gate,
               const std::string& reason);
  void tick();

  link& find(const node_id& peer, const std::string& url);
  void enqueue(link& way, const physical_id& target, event x);
  std::string address_of(const event& x) const;
  void pump(link& way);
  void dial(link& way);
  void greet(link& way);
  void resume(link& way, std::uint64_t wanted);
  void launch(link& way);
  void transmit(link& way, link::flight& x);
  void forget(link::flight& x);
  void taken(link& way, std::uint64_t wanted);
  void broken(link& way, const std::string& reason);
  void refused(link& way, const caf::error& reason);
  void give_up(link& way, drop_reason reason);
  void drop(link& way, const event& x, drop_reason reason);
  void arm();

  pointer self;
  neighbourhood_ptr hood;
  std::shared_ptr<wire> net;
  chance random;
  session_id session;
  std::string own_url;
  std::map<node_id, link> links;
  /// Where nodes said they can be reached when they greeted us.
  std::map<node_id, std::string> heard_of;
  /// Its end: calls that were passed on for others are not answered anymore.
  bool ending = false;
  time_point next_tick; ///< in the past: none is under way
};

links_actor::behavior_type
links(links_state::pointer self, neighbourhood_ptr hood,
      std::shared_ptr<wire> net, chance random, std::string own_url);

} // namespace edgeless
