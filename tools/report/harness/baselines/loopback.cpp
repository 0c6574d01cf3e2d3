// SPDX-License-Identifier: MIT
#include "tools/report/harness/baselines/loopback.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace edgeless::benchmark {

sockaddr_in loopback_at(std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  result.sin_port = htons(port);
  return result;
}

std::pair<int, std::uint16_t> listen_on_loopback() {
  auto result = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback_at(0);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (bind(result, raw, size) == 0 && listen(result, 1) == 0
      && getsockname(result, raw, &size) == 0)
    return {result, ntohs(address.sin_port)};
  close(result);
  return {-1, 0};
}

loopback::loopback() {
  auto [listener, port] = listen_on_loopback();
  auto address = loopback_at(port);
  ends_[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  connect(ends_[0], reinterpret_cast<sockaddr*>(&address), sizeof address);
  ends_[1] = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  close(listener);
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
