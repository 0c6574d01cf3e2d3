// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/handshake_context.hpp"

#include <caf/actor_control_block.hpp>

#include <map>
#include <optional>
#include <vector>

namespace edgeless {

/// A listening socket and its published actor.
struct listen_order {
  socket_handle socket;
  /// The messages of all admitted roles, for peers without a certificate.
  acl_table_ptr message_acl;
  caf::strong_actor_ptr acceptor;
  std::vector<peer_role> peers;
  /// The messages of each admitted role, for peers with a certificate.
  std::map<peer_role, acl_table_ptr> by_role;
};

/// Accepts connections and performs their handshakes. A connection with a valid
/// handshake is handed over to CAF's broker; others are refused at their
/// deadline. Used by the thread of the handshake loop only.
class basp_acceptor {
public:
  explicit basp_acceptor(handshake_context& context) : context_(context) {
    // nop
  }

  ~basp_acceptor();

  /// `key` identifies the listener until it is closed, towards CAF as its port.
  void open(std::uint16_t key, listen_order order);
  void close(std::uint16_t key);

  /// Accepts connections of a readable listener.
  void accept(std::uint16_t key);

  /// Continues the handshake of a connection; false if the id is unknown.
  bool continue_handshake(event_id id);

  /// The next time at which expire() has something to do.
  handshake_clock::time_point next_deadline() const;
  void expire(handshake_clock::time_point now);

private:
  struct accepted_connection : pending_connection {
    std::uint16_t key = 0; ///< of the listener
  };

  void admit(std::uint16_t key, socket_handle socket, socket_address address);
  void pause();
  void resume();
  void continue_tls(event_id id, accepted_connection& x);
  void read_handshake(event_id id, accepted_connection& x);
  void drop(event_id id, refusal reason, const std::string& detail = "");
  frame_rules rules(acl_table_ptr message_acl, const tls_session* tls) const;

  handshake_context& context_;
  std::map<std::uint16_t, listen_order> listeners_;
  /// The oldest connection has the smallest id.
  std::map<event_id, accepted_connection> connections_;
  /// Set while no file descriptor is left: no connections are accepted.
  std::optional<handshake_clock::time_point> paused_until_;
};

} // namespace edgeless
