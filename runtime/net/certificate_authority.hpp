// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/tls_identity.hpp"

#include "messages/ids.hpp"

#include <caf/error.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

/// Certificates for a cluster that has no authority of its own yet: ca.pem and
/// ca.key in a folder, and what they sign. Keys are P-256, their files are for
/// their owner alone, and no file is ever overwritten.
namespace edgeless {

/// What a certificate shall say.
struct certificate_order {
  /// Whom it names; see names_of_orchestrator().
  std::vector<tls_identity> names;
  /// Host names and addresses, for tools that look for them; ours do not.
  std::vector<std::string> hosts;
  /// From a while ago, so that clocks may differ, until so long from now.
  std::chrono::seconds valid = std::chrono::hours{24 * 365};
};

/// An orchestrator is also the node of its metrics-collector, whose id is
/// drawn.
std::vector<tls_identity> names_of_orchestrator(const std::string& domain,
                                                const random_source& random);

/// Makes an authority in that folder, for ten years.
caf::error make_authority(const std::filesystem::path& folder);

/// Writes PREFIX.pem and PREFIX.key, signed by the authority of `folder`.
caf::error issue_certificate(const std::filesystem::path& folder,
                             const certificate_order& order,
                             const std::filesystem::path& prefix);

} // namespace edgeless
