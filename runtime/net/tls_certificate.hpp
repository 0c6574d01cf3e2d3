// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/settings.hpp"
#include "runtime/net/tls_identity.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

struct ssl_ctx_st;
struct x509_st;

namespace edgeless {

/// The identities in a certificate. Other alternative names are ignored.
std::vector<tls_identity> identities_of(x509_st* certificate);

/// The content of a program's three TLS files.
struct tls_material {
  std::shared_ptr<ssl_ctx_st> context;
  /// The identities in the certificate.
  std::vector<tls_identity> identities;
  std::chrono::system_clock::time_point expires;
};

/// Reads and checks the files: the key matches the certificate, which is valid
/// now, trusted by the authorities, and names `self` (an empty name: any name
/// of that role). An error names the file and the problem.
caf::expected<tls_material> load_tls(const tls_settings& files,
                                     const tls_identity& self);

} // namespace edgeless
