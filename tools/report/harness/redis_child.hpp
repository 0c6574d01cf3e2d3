// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

#include <filesystem>

namespace edgeless::benchmark {

/// A redis-server in a child process that listens on a unix socket only and
/// stores nothing.
class redis_child {
public:
  /// Returns when it replies. Makes `folder` for its socket and its log.
  static caf::expected<std::unique_ptr<redis_child>>
  spawn(const std::filesystem::path& folder);
  redis_child(const redis_child&) = delete;
  redis_child& operator=(const redis_child&) = delete;
  ~redis_child();

  std::string url() const {
    return "unix:" + socket_;
  }

  /// The reply to one command; error replies are errors.
  caf::expected<redis_reply> run(redis_command command);

  redis& connection() {
    return *connection_;
  }

private:
  redis_child() = default;

  std::string socket_;
  int pid_ = -1;
  std::unique_ptr<redis> connection_;
};

} // namespace edgeless::benchmark
