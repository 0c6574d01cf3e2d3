// SPDX-License-Identifier: MIT
#include "runtime/net/socket.hpp"

#include "runtime/net/tls_session.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <system_error>

namespace edgeless {

namespace {

/// Connections that the kernel queues until they are accepted.
constexpr int backlog = 512;

const sockaddr* raw(const socket_address& x) {
  return reinterpret_cast<const sockaddr*>(&x.storage);
}

void set_option(int fd, int level, int name, int value) {
  // A connection works without an option that the kernel does not support.
  (void)::setsockopt(fd, level, name, &value, sizeof value);
}

std::uint16_t port_of(const socket_address& x) {
  if (x.storage.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(x.storage).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(x.storage).sin_port);
}

} // namespace

socket_handle::~socket_handle() {
  if (fd_ >= 0)
    ::close(fd_);
}

std::string host_text(const socket_address& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address.storage.ss_family == AF_INET6) {
    auto& x = reinterpret_cast<const sockaddr_in6&>(address.storage);
    ::inet_ntop(AF_INET6, &x.sin6_addr, text, sizeof text);
  } else {
    auto& x = reinterpret_cast<const sockaddr_in&>(address.storage);
    ::inet_ntop(AF_INET, &x.sin_addr, text, sizeof text);
  }
  return text;
}

std::string to_string(const socket_address& address) {
  auto host = host_text(address);
  if (address.storage.ss_family == AF_INET6)
    host = "[" + host + "]";
  return host + ":" + std::to_string(port_of(address));
}

caf::expected<std::vector<socket_address>> resolve(const url& where,
                                                   bool numeric) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (numeric ? AI_NUMERICHOST : 0);
  addrinfo* first = nullptr;
  auto port = std::to_string(where.port);
  auto error = ::getaddrinfo(where.host.c_str(), port.c_str(), &hints, &first);
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list{first,
                                                            &::freeaddrinfo};
  if (error != 0)
    return fail(ec::unreachable, where.host + ": " + ::gai_strerror(error));
  std::vector<socket_address> result;
  for (auto x = first; x != nullptr; x = x->ai_next) {
    socket_address address;
    address.size = x->ai_addrlen;
    std::memcpy(&address.storage, x->ai_addr, x->ai_addrlen);
    result.push_back(address);
  }
  return result;
}

caf::expected<socket_handle> listen_at(const socket_address& address) {
  auto family = address.storage.ss_family;
  socket_handle result{
    ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  auto failed = [&](int error) {
    return fail(ec::system_failure,
                "cannot listen at " + to_string(address) + ": " + cause(error));
  };
  if (!result)
    return failed(errno);
  set_option(result.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  // [::] accepts IPv4 connections too.
  if (family == AF_INET6)
    set_option(result.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(result.get(), raw(address), address.size) != 0
      || ::listen(result.get(), backlog) != 0)
    return failed(errno);
  return result;
}

std::uint16_t port_of(const socket_handle& socket) {
  socket_address address;
  address.size = sizeof address.storage;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address.storage),
                    &address.size)
      != 0)
    return 0;
  return port_of(address);
}

caf::expected<socket_handle> start_connect(const socket_address& address) {
  socket_handle result{::socket(address.storage.ss_family,
                                SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!result)
    return fail(ec::unreachable, cause(errno));
  if (::connect(result.get(), raw(address), address.size) != 0
      && errno != EINPROGRESS)
    return fail(ec::unreachable, cause(errno));
  return result;
}

int connect_error(const socket_handle& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0)
    return errno;
  return error;
}

std::string cause(int error_number) {
  auto text = std::generic_category().message(error_number);
  if (!text.empty())
    text[0] = static_cast<char>(std::tolower(text[0]));
  return text;
}

void prepare_stream(int fd) {
  using std::chrono::milliseconds;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  // A connection to an unreachable peer ends even while it is closing.
  auto timeout = 2 * milliseconds{limits::silence};
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
             static_cast<int>(timeout.count()));
}

std::ptrdiff_t byte_stream::read(std::span<char> target) {
  if (tls_ != nullptr)
    return tls_->read(fd_, target);
  auto n = ::recv(fd_, target.data(), target.size(), 0);
  if (n > 0)
    return n;
  return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

std::ptrdiff_t byte_stream::read_rest(std::span<char> target) {
  return tls_ != nullptr ? tls_->read_rest(target) : 0;
}

std::ptrdiff_t byte_stream::write(std::string_view source) {
  if (tls_ != nullptr)
    return tls_->write(fd_, source);
  auto n = ::send(fd_, source.data(), source.size(), MSG_NOSIGNAL);
  if (n >= 0)
    return n;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

} // namespace edgeless
