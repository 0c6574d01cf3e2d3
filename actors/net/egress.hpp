// SPDX-License-Identifier: MIT
#pragma once

#include "actors/net/peer_connection.hpp"

#include "runtime/base/log_throttle.hpp"
#include "runtime/net/transport.hpp"

#include <map>
#include <string>

namespace edgeless {

/// The EGRESS of a node. Spawned by the NODE; its instances, and its INGRESS
/// for error replies, send here. Routes events to the peer connections: dials a
/// peer when there are events for it, and closes a connection after
/// limits::egress_idle without traffic.
struct egress_state {
  using pointer = egress_actor::stateful_pointer<egress_state>;
  using time_point = peer_connection::time_point;
  static inline constexpr const char* name = "egress";

  explicit egress_state(pointer self);
  /// Drops and counts everything that was not sent.
  ~egress_state();

  void send(const endpoint& to, events batch);
  void send(const instance_id& to, events batch);
  /// Where the peer is dialled; empty: it is unknown.
  std::string url_of(const node_id& peer) const;
  void set_url(const node_id& peer, const std::string& url);
  void set_session(const session_id& own);
  void fence(const node_id& peer, const session_id& ended);
  void on_dialled(const std::string& url, const caf::strong_actor_ptr& ingress,
                  const std::string& reason);
  void on_down(const caf::down_msg& x);
  void tick();

  peer_connection& connection_to(const node_id& peer, const std::string& url);
  std::string source_url_of(const event& x) const;
  void dial_or_send(peer_connection& to);
  bool dial(peer_connection& to);
  void greet(peer_connection& to);
  void resume(peer_connection& to, std::uint64_t next_expected);
  void send_batches(peer_connection& to);
  void send_batch(peer_connection& to, peer_connection::in_flight_batch& x);
  void acknowledge(peer_connection& to, std::uint64_t next_expected);
  void cancel_answer(peer_connection::in_flight_batch& x);
  void on_refused(peer_connection& to, const caf::error& reason);
  void on_disconnected(peer_connection& to, const std::string& reason);
  void drop_all(peer_connection& to, drop_reason reason);
  void drop(const node_id& peer, const event& x, drop_reason reason);
  void schedule_tick();

  pointer self;
  instance_registry_ptr registry;
  std::shared_ptr<transport> net;
  random_source random;
  session_id session;
  log_throttle throttle;
  std::string own_url;
  std::map<node_id, peer_connection> peers;
  /// The URLs that nodes gave when they greeted the INGRESS.
  std::map<node_id, std::string> urls;
  /// Set by the destructor: calls of other nodes get no error reply anymore.
  bool ending = false;
  time_point next_tick; ///< in the past: no tick is scheduled
};

egress_actor::behavior_type egress(egress_state::pointer self,
                                   instance_registry_ptr registry,
                                   std::shared_ptr<transport> net,
                                   random_source random, std::string own_url);

} // namespace edgeless
