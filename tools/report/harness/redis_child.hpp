// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

#include <filesystem>

namespace edgeless::benchmark {

/// A redis-server of our own: nothing but a unix socket leads there, and
/// nothing is kept.
class redis_child {
public:
  /// Returns when it answers; an error says why there is none. `folder` is made
  /// for it.
  static caf::expected<std::unique_ptr<redis_child>>
  spawn(const std::filesystem::path& folder);
  redis_child(const redis_child&) = delete;
  redis_child& operator=(const redis_child&) = delete;
  ~redis_child();

  std::string url() const {
    return "unix:" + socket_;
  }

  /// The answer to one command; an error also if Redis complains.
  caf::expected<redis_reply> ask(redis_command command);

  /// The same door as everybody's.
  redis& acceptor() {
    return *acceptor_;
  }

private:
  redis_child() = default;

  std::string socket_;
  int pid_ = -1;
  std::unique_ptr<redis> acceptor_;
};

} // namespace edgeless::benchmark
