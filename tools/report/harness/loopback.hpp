// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace edgeless::benchmark {

/// Both ends, 0 and 1, of a TCP connection over loopback.
class loopback {
public:
  loopback();
  loopback(const loopback&) = delete;
  loopback& operator=(const loopback&) = delete;
  ~loopback();

  /// Sends all bytes; false if the connection is broken.
  bool send(int end, const char* bytes, std::size_t size);
  /// Waits for at least one byte; returns 0 once the other end is shut down.
  std::size_t receive(int end, char* bytes, std::size_t size);
  void shut_down(int end);

private:
  int ends_[2] = {-1, -1};
};

} // namespace edgeless::benchmark
