// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace edgeless::benchmark {

/// The address of a port on loopback.
sockaddr_in loopback_at(std::uint16_t port);

/// A listening socket on a free port of loopback, to be closed by the caller,
/// and its port; the socket is -1 if that fails.
std::pair<int, std::uint16_t> listen_on_loopback();

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
