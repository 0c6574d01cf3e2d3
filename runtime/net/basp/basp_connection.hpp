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

/// A connection with a valid handshake, to be handed over to CAF.
struct validated_connection {
  socket_handle socket;
  /// Holds the bytes received so far.
  std::unique_ptr<frame_validator> validator;
  connection_slot slot;
  std::shared_ptr<connection_journal> journal;
  /// The peer has dialled; otherwise this process has.
  bool accepted = true;
  /// The peer's address, for log lines.
  std::string address;
  /// Bytes at the start of CAF's output that have been sent already.
  std::size_t sent = 0;
  /// nullptr for plaintext.
  std::unique_ptr<tls_session> tls{};
  /// The peer's certified identity, for log lines; empty without TLS.
  std::string identity{};
  peer_identity_slot identity_slot{};
};

/// Makes a scribe of the connection for CAF's BASP broker. The broker gets
/// validated frames only; an invalid frame closes the connection.
caf::io::scribe_ptr make_basp_connection(caf::actor_system& system,
                                         validated_connection connection);

/// The bytes of a node's id in a handshake.
node_bytes wire_bytes(const caf::node_id& node);

/// The handshake frame that this system sends on a dialled connection.
std::string client_handshake(caf::actor_system& system);

} // namespace edgeless
