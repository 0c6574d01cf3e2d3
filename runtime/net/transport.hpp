// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/url.hpp"

#include "messages/interfaces.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/expected.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// The door to other processes: behind it are guarded CAF connections, or in
/// tests a table of cables.
namespace edgeless {

/// What one side may send over a connection: the first atom and the types of
/// the message, as CAF names them on the wire. Anything else closes it.
struct acl_entry {
  std::string atom;               ///< such as "join"; empty for answers
  std::vector<std::string> types; ///< without the atom's
  std::uint32_t max_size;         ///< of the frame's payload, in bytes
  /// Whether it has an answer: then it comes as a request only.
  bool answered = false;
};
using message_acl_list = std::vector<acl_entry>;

/// Who is behind a connection; each role admits its own verbs.
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

  /// Lets peers reach `door` at the host and port of `where` (port 0: any).
  /// What they may send is admitted() for the pair of `self` and each role in
  /// `peers`. An error names the address and the reason.
  virtual caf::expected<std::unique_ptr<listener>>
  listen(const url& where, caf::strong_actor_ptr acceptor, peer_role self,
         const std::vector<peer_role>& peers)
    = 0;

  /// Dials in the background, for at most limits::dial, and then sends `whom`
  /// `dialled(where, handle, "")` or `dialled(where, nullptr, reason)`. With
  /// TLS, only a peer of that role and name is spoken to: of a node its id, of
  /// an orchestrator its domain; empty: whoever has that role.
  virtual void dial(const std::string& where, peer_role self, peer_role peer,
                    const std::string& name, caf::strong_actor_ptr whom)
    = 0;
};

/// What `from` may send to `to`, answers included.
message_acl_list message_acl(peer_role from, peer_role to);

} // namespace edgeless
