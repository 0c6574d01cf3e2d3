// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/settings.hpp"

#include <caf/error.hpp>

#include <string>
#include <utility>
#include <vector>

namespace edgeless {

/// Addresses of a configuration file by their keys.
using addresses = std::vector<std::pair<std::string, std::string>>;

addresses addresses_of(const controller_settings& x);
addresses addresses_of(const orchestrator_settings& x);
addresses addresses_of(const node_settings& x);
addresses addresses_of(const cli_settings& x);

/// Without certificates, connections are neither encrypted nor authentic: what
/// leads beyond this machine has to be wanted, by `insecure = true`, and https
/// is not to be had. The error names the key, and what to do.
caf::error check_plaintext_policy(const tls_settings& tls,
                                  const addresses& all);

/// The addresses that are open to other machines, knowingly; for a warning.
/// None with certificates.
std::string plaintext_addresses(const tls_settings& tls, const addresses& all);

} // namespace edgeless
