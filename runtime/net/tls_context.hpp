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
  /// Gets what the operator should know. Default: a warning in the log.
  std::function<void(const std::string& line)> warn;
  /// How often the files are looked at, at most.
  std::chrono::milliseconds look = std::chrono::seconds{1};
  std::uint64_t records_per_key = tls_records_per_key;
};

/// Has the certificate of this program at hand, also when its files change.
/// Used by several threads.
class tls_context {
public:
  /// An error names the file, and what is wrong with it. `self`: whom the
  /// certificate has to name; an empty name stands for anybody of that role.
  static caf::expected<std::shared_ptr<tls_context>>
  open(tls_settings files, tls_identity self, tls_options options = {});

  /// A session of whoever has dialled us, if he is one of these.
  std::unique_ptr<tls_session> accept(std::vector<peer_role> who);

  /// A session of whom we have dialled, if he is that.
  std::unique_ptr<tls_session> dial(peer_role whom);

  /// What the certificate calls its owner in that role; nothing if it does not
  /// name him so.
  std::optional<std::string> own_name(peer_role role) const;

private:
  using clock = std::chrono::steady_clock;
  /// What changes when a file does.
  using stamp = std::array<std::uint64_t, 9>;

  tls_context(tls_settings files, tls_identity self, tls_options options);

  std::shared_ptr<ssl_ctx_st> current();
  void look_again();
  void warn_of_key() const;
  stamp stamp_of_files() const;

  tls_settings files_;
  tls_identity self_;
  tls_options habits_;
  mutable std::mutex mutex_;
  tls_material material_;
  stamp read_{}; ///< what the files looked like when they were read
  stamp told_{}; ///< ...and when it was last said that they are broken
  clock::time_point next_look_;
  bool told_expired_ = false;
};

/// Nobody, without an error, if there are no files.
caf::expected<std::shared_ptr<tls_context>>
open_tls_context(const tls_settings& files, tls_identity self);

} // namespace edgeless
