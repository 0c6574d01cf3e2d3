// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/harness/processes/child.hpp"

#include "runtime/redis/client.hpp"

namespace edgeless::benchmark {

/// A redis-server in a child process that listens on a unix socket only and
/// stores nothing.
class redis_child {
public:
  /// Returns when it replies. Makes `folder` for its socket and its log.
  static caf::expected<std::unique_ptr<redis_child>>
  spawn(const std::filesystem::path& folder);

  std::string url() const {
    return "unix:" + socket_;
  }

  /// The reply to one command; error replies are errors.
  caf::expected<redis_reply> run(redis_command command);

  redis& connection() {
    return *connection_;
  }

private:
  std::string socket_;
  std::unique_ptr<child> process_;
  std::unique_ptr<redis> connection_;
};

} // namespace edgeless::benchmark
