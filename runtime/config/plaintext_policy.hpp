// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/settings.hpp"

#include <caf/error.hpp>

#include <string>
#include <utility>
#include <vector>

namespace edgeless {

/// The addresses of a configuration file with their keys.
using addresses = std::vector<std::pair<std::string, std::string>>;

addresses addresses_of(const controller_settings& x);
addresses addresses_of(const orchestrator_settings& x);
addresses addresses_of(const node_settings& x);
addresses addresses_of(const cli_settings& x);

/// Without certificates, connections are neither encrypted nor authenticated:
/// addresses beyond this machine then need `insecure = true`, and https is
/// refused. The error names the key and the remedy.
caf::error check_plaintext_policy(const tls_settings& tls,
                                  const addresses& all);

/// The addresses that are reachable from other machines without encryption, for
/// a warning; empty with certificates.
std::string plaintext_addresses(const tls_settings& tls, const addresses& all);

} // namespace edgeless
