// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/transport.hpp"

#include <caf/expected.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace edgeless {

/// The owner of a certificate: a URI among its subject alternative names.
struct tls_identity {
  peer_role role = peer_role::client;
  /// The id of a node, the domain of an orchestrator, the name of a client;
  /// empty for a controller.
  std::string name;

  friend bool operator==(const tls_identity&, const tls_identity&) = default;
};

/// Such as "orchestrator".
std::string_view to_string(peer_role role);

/// The URI: edgeless://node/UUID, edgeless://orchestrator/DOMAIN,
/// edgeless://controller or edgeless://client/NAME, percent-encoded.
std::string to_string(const tls_identity& x);

/// Nothing unless `uri` is the result of to_string() for an identity.
std::optional<tls_identity> parse_identity(std::string_view uri);

/// An identity from arguments of a command line. An error names what is missing
/// or invalid.
caf::expected<tls_identity> make_identity(std::string_view role,
                                          std::string_view name);

} // namespace edgeless
