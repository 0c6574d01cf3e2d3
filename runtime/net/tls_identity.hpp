// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/transport.hpp"

#include <caf/expected.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace edgeless {

/// Who a certificate says that its owner is: a URI among its alternative
/// names.
struct tls_identity {
  peer_role role = peer_role::client;
  /// Of a node its id, of an orchestrator its domain, of a client its name; a
  /// controller has none.
  std::string name;

  friend bool operator==(const tls_identity&, const tls_identity&) = default;
};

/// Such as "orchestrator".
std::string_view to_string(peer_role role);

/// The URI: edgeless://node/UUID, edgeless://orchestrator/DOMAIN,
/// edgeless://controller or edgeless://client/NAME, percent-encoded.
std::string to_string(const tls_identity& x);

/// Nothing unless `uri` is what to_string() writes for somebody.
std::optional<tls_identity> parse_identity(std::string_view uri);

/// The same from the words of a command line. An error says what is missing
/// or wrong.
caf::expected<tls_identity> make_identity(std::string_view role,
                                          std::string_view name);

} // namespace edgeless
