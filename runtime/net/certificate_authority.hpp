// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/tls_identity.hpp"

#include "messages/ids.hpp"

#include <caf/error.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

/// A certificate authority for clusters that have none: ca.pem and ca.key in a
/// folder, and the certificates that it signs. Keys are P-256, key files are
/// readable by their owner only, and existing files are never overwritten.
namespace edgeless {

/// The content of a certificate to be issued.
struct certificate_order {
  /// The identities of the owner; see names_of_orchestrator().
  std::vector<tls_identity> names;
  /// Host names and addresses, for tools that verify them; our programs do not.
  std::vector<std::string> hosts;
  /// The validity from now on. It begins an hour earlier, because clocks
  /// differ.
  std::chrono::seconds valid = std::chrono::hours{24 * 365};
};

/// The identities of an orchestrator: itself, and the node of its
/// metrics-collector with a random id.
std::vector<tls_identity> names_of_orchestrator(const std::string& domain,
                                                const random_source& random);

/// Creates an authority in that folder, valid for ten years.
caf::error make_authority(const std::filesystem::path& folder);

/// Writes PREFIX.pem and PREFIX.key, signed by the authority of `folder`.
caf::error issue_certificate(const std::filesystem::path& folder,
                             const certificate_order& order,
                             const std::filesystem::path& prefix);

} // namespace edgeless
