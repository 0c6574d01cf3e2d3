// SPDX-License-Identifier: MIT
#include "tools/report/harness/loopback.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace edgeless::benchmark {

loopback::loopback() {
  auto acceptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  bind(acceptor, raw, size);
  listen(acceptor, 1);
  getsockname(acceptor, raw, &size);
  ends_[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  connect(ends_[0], raw, size);
  ends_[1] = accept4(acceptor, nullptr, nullptr, SOCK_CLOEXEC);
  close(acceptor);
  int yes = 1;
  for (auto x : ends_)
    setsockopt(x, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

loopback::~loopback() {
  for (auto x : ends_)
    close(x);
}

bool loopback::send(int end, const char* bytes, std::size_t size) {
  while (size > 0) {
    auto n = ::send(ends_[end], bytes, size, MSG_NOSIGNAL);
    if (n <= 0)
      return false;
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

std::size_t loopback::receive(int end, char* bytes, std::size_t size) {
  auto n = recv(ends_[end], bytes, size, 0);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

void loopback::shut_down(int end) {
  shutdown(ends_[end], SHUT_WR);
}

} // namespace edgeless::benchmark
