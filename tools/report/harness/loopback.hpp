// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace edgeless::benchmark {

/// A TCP connection on loopback with both its ends, 0 and 1.
class loopback {
public:
  loopback();
  loopback(const loopback&) = delete;
  loopback& operator=(const loopback&) = delete;
  ~loopback();

  /// All of it; false: the connection is broken.
  bool send(int end, const char* bytes, std::size_t size);
  /// What there is, at least one byte; zero: the other end has hung up.
  std::size_t receive(int end, char* bytes, std::size_t size);
  void hang_up(int end);

private:
  int ends_[2] = {-1, -1};
};

} // namespace edgeless::benchmark
