// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/url.hpp"

#include "messages/interfaces.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/expected.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// Connections to other processes: validated CAF connections over TCP, or in
/// tests a table of simulated links.
namespace edgeless {

/// A message type that one side may send over a connection: its first atom and
/// its other types, as CAF names them on the wire. Every other message closes
/// the connection.
struct acl_entry {
  std::string atom;               ///< such as "join"; empty for responses
  std::vector<std::string> types; ///< without the atom's
  std::uint32_t max_size;         ///< of the frame's payload, in bytes
  /// The message has a response, so it must be sent as a request.
  bool has_response = false;
};
using message_acl_list = std::vector<acl_entry>;

/// The kind of program at one end of a connection. A pair of roles determines
/// which messages are admitted.
enum class peer_role : std::uint8_t { client, controller, orchestrator, node };

/// Stops listening when it is destroyed.
class listener {
public:
  virtual ~listener() = default;
  virtual std::uint16_t port() const = 0;
};

class transport {
public:
  virtual ~transport() = default;

  /// Publishes the actor `acceptor` at the host and port of `where` (port 0:
  /// any free port). Peers may send it what message_acl() lists for the pair
  /// of `self` and each role in `peers`. An error names the address and the
  /// reason.
  virtual caf::expected<std::unique_ptr<listener>>
  listen(const url& where, caf::strong_actor_ptr acceptor, peer_role self,
         const std::vector<peer_role>& peers)
    = 0;

  /// Dials in the background for at most limits::dial, and then sends
  /// `dialled(where, handle, "")` or `dialled(where, nullptr, reason)` to
  /// `receiver`. With TLS, the certificate of the peer must have that role and
  /// `name`: the id of a node, the domain of an orchestrator; empty: any name.
  virtual void dial(const std::string& where, peer_role self, peer_role peer,
                    const std::string& name, caf::strong_actor_ptr receiver)
    = 0;

  /// Checks in the background for at most limits::dial whether the process with
  /// this CAF id answers at `where`, then calls `done` on any thread: with ""
  /// if it does, else with the reason. No connection remains.
  virtual void probe(const std::string& where, peer_role self, peer_role peer,
                     const std::string& name, const caf::node_id& process,
                     std::function<void(std::string reason)> done)
    = 0;
};

/// The messages that `from` may send to `to`, responses included.
message_acl_list message_acl(peer_role from, peer_role to);

} // namespace edgeless
