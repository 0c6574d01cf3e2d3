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

/// Whom a certificate names. What is none of our URIs is passed over.
std::vector<tls_identity> identities_of(x509_st* certificate);

/// The three files of a program, ready to be used.
struct tls_material {
  std::shared_ptr<ssl_ctx_st> context;
  /// Whom the certificate names.
  std::vector<tls_identity> names;
  std::chrono::system_clock::time_point expires;
};

/// Reads and checks them: they belong together, hold now, and name `self`; an
/// empty name stands for anybody of that role. An error names the file and
/// what is wrong with it.
caf::expected<tls_material> load_tls(const tls_settings& files,
                                     const tls_identity& self);

} // namespace edgeless
