// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/url.hpp"

#include <caf/expected.hpp>

#include <sys/socket.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// TCP sockets, none of which ever blocks.
namespace edgeless {

class tls_session;

/// Owns a file descriptor.
class socket_handle {
public:
  socket_handle() = default;

  explicit socket_handle(int fd) : fd_(fd) {
    // nop
  }

  socket_handle(socket_handle&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {
    // nop
  }

  socket_handle& operator=(socket_handle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  ~socket_handle();

  int get() const {
    return fd_;
  }

  /// Gives it away: the caller closes it.
  int release() {
    return std::exchange(fd_, -1);
  }

  explicit operator bool() const {
    return fd_ >= 0;
  }

private:
  int fd_ = -1;
};

struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

/// The address without its port.
std::string host_text(const socket_address& address);

/// Such as 127.0.0.1:7001 or [::1]:7001.
std::string to_string(const socket_address& address);

/// The addresses of a host. May block for long if it is a name and `numeric`
/// is false; fails at once if it is a name and `numeric` is true.
caf::expected<std::vector<socket_address>> resolve(const url& where,
                                                   bool numeric);

/// Binds and listens; the port may be 0. An error names address and cause.
caf::expected<socket_handle> listen_at(const socket_address& address);

/// The port a socket is bound to.
std::uint16_t port_of(const socket_handle& socket);

/// Starts to connect. The socket becomes writable when that has succeeded or
/// failed: see connect_error().
caf::expected<socket_handle> start_connect(const socket_address& address);

/// 0, or why connecting failed, as in errno.
int connect_error(const socket_handle& socket);

/// Why a system call failed, as people say it: "connection refused".
std::string cause(int error_number);

/// What every connection gets: no delay, and an end if the peer takes nothing.
void prepare_stream(int fd);

/// How bytes travel over a connected socket, in the clear or by a session of
/// TLS: nobody else reads from or writes to a connection.
class byte_stream {
public:
  explicit byte_stream(int fd, tls_session* tls = nullptr)
    : fd_(fd), tls_(tls) {
    // nop
  }

  /// How many bytes came; 0 if there are none now, -1 if there never will be.
  std::ptrdiff_t read(std::span<char> target);

  /// The same of what has been received already, and of which the socket will
  /// not tell: to be called after read() until it gives no more.
  std::ptrdiff_t read_rest(std::span<char> target);

  /// How many bytes went; 0 if none can go now, -1 if none ever will. What did
  /// not go has to come first the next time.
  std::ptrdiff_t write(std::string_view source);

private:
  int fd_;
  tls_session* tls_;
};

} // namespace edgeless
