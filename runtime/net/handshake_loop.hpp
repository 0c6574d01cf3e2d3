// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/basp_connection.hpp"
#include "runtime/net/basp/basp_transport.hpp"
#include "runtime/net/loop_mailbox.hpp"
#include "runtime/net/name_lookup.hpp"

#include <caf/actor.hpp>
#include <caf/actor_control_block.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace edgeless {

/// A peer to be dialled, and the receiver of the result.
struct dial_order {
  std::string text; ///< the URL as requested
  url where;
  acl_table_ptr message_acl;
  caf::strong_actor_ptr receiver;
  peer_role peer = peer_role::node;
  std::string name; ///< in the peer's certificate; empty: any name
};

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

/// A thread that accepts, dials, and performs handshakes concurrently, each
/// with a deadline. A connection is handed over to CAF's broker when the peer's
/// handshake is valid. Public members are thread-safe.
class handshake_loop {
public:
  handshake_loop(caf::actor_system& system, transport_settings settings);

  /// Cancels dials and handshakes; connections handed over to CAF stay open.
  ~handshake_loop();

  void dial(dial_order order);

  /// `key` identifies the acceptor until it is closed, towards CAF as its port.
  void open(std::uint16_t key, listen_order order);
  void close(std::uint16_t key);

private:
  using clock = std::chrono::steady_clock;
  using connection_id = std::uint64_t;

  /// A connection without a complete handshake.
  struct pending_connection {
    socket_handle socket;
    /// nullptr for plaintext.
    std::unique_ptr<tls_session> tls;
    /// nullptr until the TLS handshake is done.
    std::unique_ptr<frame_validator> validator;
    connection_slot slot;
    peer_identity_slot identity_slot;
    socket_address address;
    clock::time_point deadline;
    /// The key of the acceptor; 0 if the connection was dialled.
    std::uint16_t acceptor = 0;
  };

  enum class phase : std::uint8_t { lookup, connect, tls, handshake };

  /// A dial in progress, with a new connection for each address.
  struct dial_state {
    dial_order order;
    phase now = phase::lookup;
    clock::time_point deadline;
    std::vector<socket_address> addresses; ///< still to be tried, last first
    pending_connection attempt;
    /// The error of the last attempt.
    std::string reason;
  };

  // -- the thread --
  void run();
  int timeout() const;
  void handle_event(connection_id id);
  void expire();

  // -- accepting --
  void accept(std::uint16_t key);
  void admit(std::uint16_t key, socket_handle socket, socket_address address);
  void pause_acceptors();
  void resume_acceptors();
  void continue_tls_handshake(connection_id id);
  void read_client_handshake(connection_id id);
  void drop(connection_id id, refusal reason, const std::string& why = "");
  void publish_connection(connection_id id);
  void close_acceptor(std::uint16_t key);

  // -- dialling --
  void start_dial(dial_order order);
  void on_addresses(connection_id id, name_lookup::addresses found);
  void try_next(connection_id id);
  void on_connected(connection_id id);
  void continue_tls(connection_id id);
  void send_handshake(connection_id id);
  void read_server_handshake(connection_id id);
  void fail_attempt(connection_id id, std::string reason);
  void fail_dial(connection_id id);
  void finish_dial(connection_id id);

  // -- both --
  bool watch(int fd, connection_id id, std::uint32_t events);
  void unwatch(int fd);
  void watch_for(const pending_connection& x, connection_id id,
                 tls_session::progress wanted);
  frame_rules rules(bool accepted, acl_table_ptr message_acl,
                    const tls_session* tls) const;
  bool register_identity(pending_connection& x);
  validated_connection finish(pending_connection& x);

  caf::actor_system& system_;
  transport_settings settings_;
  std::shared_ptr<connection_journal> journal_;
  std::shared_ptr<connection_limiter> limiter_;
  std::shared_ptr<peer_identities> identities_
    = std::make_shared<peer_identities>();
  std::shared_ptr<name_lookup> resolver_;
  std::shared_ptr<loop_mailbox> mailbox_;
  caf::actor broker_;
  std::string client_handshake_;
  node_bytes own_node_;
  socket_handle epoll_;
  connection_id last_id_;
  std::map<std::uint16_t, listen_order> acceptors_;
  /// Set while no file descriptor is left: no connections are accepted.
  std::optional<clock::time_point> acceptors_paused_until_;
  std::map<connection_id, pending_connection> accepted_;
  std::map<connection_id, dial_state> dials_;
  bool stopping_ = false;
  std::thread thread_;
};

/// Sends the result of a dial to `receiver`.
void report_dial(const caf::strong_actor_ptr& receiver, const std::string& text,
                 caf::strong_actor_ptr handle, std::string reason);

} // namespace edgeless
