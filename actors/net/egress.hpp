// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"

#include "runtime/delivery/flat_queue.hpp"
#include "runtime/net/transport.hpp"

#include <caf/actor_clock.hpp>
#include <caf/message_id.hpp>

#include <deque>
#include <map>
#include <string>

namespace edgeless {

/// The way out of one node to another: a queue, what is on its way, and the
/// peer's INGRESS once it is dialled. Numbers count its fragments, so that
/// nothing is lost or doubled when the connection breaks and comes back.
struct link {
  using time_point = caf::actor_clock::time_point;
  enum class phase { handshake_aborted, dialling, greeting, open };

  struct waiting {
    time_point since;
    fragment content;
  };

  /// A batch that the peer has not taken yet; the message is shared with the
  /// broker, not copied.
  struct in_flight_batch {
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
  credit_ptr room;
  phase state = phase::handshake_aborted;
  ingress_actor ingress;
  flat_queue<waiting> queue;
  std::deque<in_flight_batch> in_flight_batches;
  std::uint64_t in_flight = 0;
  std::uint64_t bytes_in_flight = 0;
  std::uint64_t next = 1; ///< the number of the next fragment
  time_point idle_since;
  time_point not_before; ///< the next attempt to dial
  std::uint32_t failures = 0;
};

/// The EGRESS of a node. Spawned by the NODE; its instances, and its INGRESS
/// for answers, send here. Dials peers when there is something for them, hangs
/// up when there has not been for a while.
struct egress_state {
  using pointer = egress_actor::stateful_pointer<egress_state>;
  using time_point = link::time_point;
  static inline constexpr const char* name = "links";

  explicit egress_state(pointer self);
  /// What is still here is not sent anymore: counted.
  ~egress_state();

  void send(const endpoint& to, events batch);
  void send(const instance_id& to, events batch);
  void learn(const node_id& peer, const std::string& url);
  void rename(const session_id& own);
  void fence(const node_id& peer, const session_id& dead);
  void dialled(const std::string& url, const caf::strong_actor_ptr& ingress,
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
  void transmit(link& way, link::in_flight_batch& x);
  void forget(link::in_flight_batch& x);
  void taken(link& way, std::uint64_t wanted);
  void broken(link& way, const std::string& reason);
  void refused(link& way, const caf::error& reason);
  void give_up(link& way, drop_reason reason);
  void drop(link& way, const event& x, drop_reason reason);
  void arm();

  pointer self;
  instance_registry_ptr registry;
  std::shared_ptr<transport> net;
  random_source random;
  session_id session;
  std::string own_url;
  std::map<node_id, link> egress;
  /// Where nodes said they can be reached when they greeted us.
  std::map<node_id, std::string> heard_of;
  /// Its end: calls that were passed on for others are not answered anymore.
  bool ending = false;
  time_point next_tick; ///< in the past: none is under way
};

egress_actor::behavior_type egress(egress_state::pointer self,
                                  instance_registry_ptr registry,
                                  std::shared_ptr<transport> net,
                                  random_source random, std::string own_url);

} // namespace edgeless
