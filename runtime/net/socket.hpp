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

/// Non-blocking TCP sockets.
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

  /// Transfers the descriptor to the caller, which closes it.
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

/// The addresses of a host. A host name may block for long; with `numeric`, it
/// fails at once instead.
caf::expected<std::vector<socket_address>> resolve(const url& where,
                                                   bool numeric);

/// Binds and listens; the port may be 0. An error names address and cause.
caf::expected<socket_handle> listen_at(const socket_address& address);

/// The port a socket is bound to.
std::uint16_t port_of(const socket_handle& socket);

/// Starts to connect. The socket becomes writable when the attempt has
/// succeeded or failed: see connect_error().
caf::expected<socket_handle> start_connect(const socket_address& address);

/// 0, or the errno of the failed attempt.
int connect_error(const socket_handle& socket);

/// The text of an errno in lower case: "connection refused".
std::string cause(int error_number);

/// Sets the options of every connection: TCP_NODELAY, and a timeout for bytes
/// that the peer does not acknowledge.
void prepare_stream(int fd);

/// Reads and writes a connected socket, as plaintext or through a TLS session.
/// All bytes of a connection go through this class.
class byte_stream {
public:
  explicit byte_stream(int fd, tls_session* tls = nullptr)
    : fd_(fd), tls_(tls) {
    // nop
  }

  /// The number of bytes read; 0 if there are none now, -1 if the connection
  /// has ended.
  std::ptrdiff_t read(std::span<char> target);

  /// Reads bytes that the TLS session has received already. The socket does
  /// not become readable for these, so this has to be called after read()
  /// until it returns 0.
  std::ptrdiff_t read_rest(std::span<char> target);

  /// The number of bytes written; 0 if the socket is full, -1 if the connection
  /// has ended. The next call must start with the bytes not written.
  std::ptrdiff_t write(std::string_view source);

private:
  int fd_;
  tls_session* tls_;
};

} // namespace edgeless
