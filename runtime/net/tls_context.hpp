// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/tls_certificate.hpp"
#include "runtime/net/tls_session.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace edgeless {

struct tls_options {
  /// Gets warnings for the operator. Default: the log.
  std::function<void(const std::string& line)> warn;
  /// The shortest time between two checks of the files for changes.
  std::chrono::milliseconds check_interval = std::chrono::seconds{1};
  std::uint64_t records_per_key = tls_records_per_key;
};

/// The certificate of this program. Reloads the files when they change.
/// Thread-safe.
class tls_context {
public:
  /// `self`: the identity that the certificate must have; an empty name: any
  /// name of that role. An error names the file and the problem.
  static caf::expected<std::shared_ptr<tls_context>>
  open(tls_settings files, tls_identity self, tls_options options = {});

  /// A session for an accepted connection; the peer must have one of the roles.
  std::unique_ptr<tls_session> accept(std::vector<peer_role> roles);

  /// A session for a dialled connection; the peer must have the role.
  std::unique_ptr<tls_session> dial(peer_role role);

  /// The name that the own certificate has in that role; nothing if it does
  /// not have the role.
  std::optional<std::string> own_name(peer_role role) const;

private:
  using clock = std::chrono::steady_clock;
  /// Modification time, size and inode of the three files.
  using file_stamp = std::array<std::uint64_t, 9>;

  tls_context(tls_settings files, tls_identity self, tls_options options);

  std::shared_ptr<ssl_ctx_st> current();
  void reload_if_changed();
  void warn_of_key_mode() const;
  file_stamp read_stamp() const;

  tls_settings files_;
  tls_identity self_;
  tls_options options_;
  mutable std::mutex mutex_;
  tls_material material_;
  file_stamp loaded_{}; ///< of the files in use
  file_stamp warned_{}; ///< of the invalid files of the last warning
  clock::time_point next_check_;
  bool warned_of_expiry_ = false;
};

/// nullptr, without an error, if the settings name no files.
caf::expected<std::shared_ptr<tls_context>>
open_tls_context(const tls_settings& files, tls_identity self);

} // namespace edgeless
