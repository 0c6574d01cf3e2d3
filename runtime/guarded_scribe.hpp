// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/frame_check.hpp"
#include "runtime/tls_session.hpp"
#include "runtime/wire_journal.hpp"
#include "runtime/wire_names.hpp"
#include "runtime/wire_socket.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/scribe.hpp>
#include <caf/node_id.hpp>

#include <memory>
#include <string>

namespace edgeless {

/// A connection whose handshake has passed the check, on its way into CAF.
struct guarded_connection {
  socket_handle socket;
  /// Holds what has been received so far.
  std::unique_ptr<frame_check> check;
  connection_slot slot;
  std::shared_ptr<wire_journal> journal;
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
  name_slot name{};
};

/// Makes the connection one that CAF's broker reads from and writes to. It
/// gets checked frames only; a refusal ends the connection.
caf::io::scribe_ptr make_guarded_scribe(caf::actor_system& system,
                                        guarded_connection connection);

/// The bytes of a node's id in a handshake.
node_bytes wire_bytes(const caf::node_id& node);

/// The frame by which this system greets whom it dials.
std::string client_handshake(caf::actor_system& system);

} // namespace edgeless
