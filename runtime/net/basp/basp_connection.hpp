// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/frame_validator.hpp"
#include "runtime/net/connection_limiter.hpp"
#include "runtime/net/peer_identities.hpp"
#include "runtime/net/socket.hpp"
#include "runtime/net/tls_session.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/scribe.hpp>
#include <caf/node_id.hpp>

#include <memory>
#include <string>

namespace edgeless {

/// A connection whose handshake has passed the check, on its way into CAF.
struct validated_connection {
  socket_handle socket;
  /// Holds what has been received so far.
  std::unique_ptr<frame_validator> check;
  connection_slot slot;
  std::shared_ptr<connection_journal> journal;
  /// The peer has dialled; otherwise we have.
  bool accepted = true;
  /// For people: where the peer is.
  std::string address;
  /// Bytes at the start of CAF's output that have been sent already.
  std::size_t sent = 0;
  /// Plain TCP without one.
  std::unique_ptr<tls_session> tls{};
  /// For people: who the peer is, as far as that is known.
  std::string peer{};
  peer_identity_slot name{};
};

/// Makes the connection one that CAF's broker reads from and writes to. It
/// gets checked frames only; a refusal ends the connection.
caf::io::scribe_ptr make_basp_connection(caf::actor_system& system,
                                         validated_connection connection);

/// The bytes of a node's id in a handshake.
node_bytes wire_bytes(const caf::node_id& node);

/// The frame by which this system greets whom it dials.
std::string client_handshake(caf::actor_system& system);

} // namespace edgeless
