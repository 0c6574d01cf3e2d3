// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/basp_connection.hpp"
#include "runtime/net/basp/basp_transport.hpp"
#include "runtime/net/loop_mailbox.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct epoll_event;

namespace edgeless {

/// Identifies a listening socket (below handshake_context::mailbox_id) or a
/// connection (above) in the events of the handshake loop.
using event_id = std::uint64_t;

using handshake_clock = std::chrono::steady_clock;

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
  handshake_clock::time_point deadline;
};

/// The part of the handshake loop that its acceptor and its connector share:
/// the epoll set, the limits, and the way of a connection to CAF's broker. Used
/// by the thread of the loop only.
class handshake_context {
public:
  static constexpr event_id mailbox_id = 1u << 16;

  handshake_context(caf::actor_system& system, transport_settings settings);

  // -- events --

  event_id next_id() {
    return ++last_id_;
  }

  /// False if no more descriptors can be watched.
  bool watch(const socket_handle& socket, event_id id, std::uint32_t events);
  void unwatch(const socket_handle& socket);

  /// Continues the TLS handshake and watches for the event that it needs next.
  tls_session::progress continue_tls(pending_connection& x, event_id id);

  /// Blocks for up to `timeout` milliseconds (-1: without limit); returns the
  /// number of events.
  std::size_t wait(std::span<epoll_event> events, int timeout);

  // -- handshakes --

  /// The result of reading a handshake, as far as it has come.
  enum class progress : std::uint8_t { done, incomplete, closed, refused };

  /// Reads the peer's handshake and registers its node id. A refusal is
  /// counted and stored in `reason`.
  progress read_handshake(pending_connection& x, refusal& reason);

  /// Counts and logs a refused connection.
  void refuse(const pending_connection& x, refusal reason,
              const std::string& detail = "") const;

  /// The rules of a connection, without its published actors.
  frame_rules rules(bool accepted, acl_table_ptr message_acl,
                    const tls_session* tls) const;

  /// Removes the connection from the loop, and makes it one of CAF's. `sent`:
  /// the bytes of CAF's output that have been written already.
  caf::io::scribe_ptr release(pending_connection x, bool accepted,
                              std::size_t sent);

  caf::actor_system& system;
  const transport_settings settings;
  const std::shared_ptr<connection_journal> journal;
  const std::shared_ptr<connection_limiter> limiter;
  const std::shared_ptr<loop_mailbox> mailbox;
  const caf::actor broker;

private:
  node_bytes own_node_;
  std::shared_ptr<peer_identities> identities_;
  socket_handle epoll_;
  event_id last_id_ = mailbox_id;
};

/// The peer's certified identity; empty without TLS.
std::string identity_text(const pending_connection& x);

} // namespace edgeless
