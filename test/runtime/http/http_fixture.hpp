// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/http/server.hpp"

#include "messages/errors.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless::test {

using namespace std::chrono_literals;

/// A connection to a server on this machine.
class http_peer {
public:
  explicit http_peer(std::uint16_t port)
    : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    is_connected_
      = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  ~http_peer() {
    ::close(fd_);
  }
  http_peer(const http_peer&) = delete;
  http_peer& operator=(const http_peer&) = delete;

  bool is_connected() const {
    return is_connected_;
  }

  void send(std::string_view text) {
    while (!text.empty()) {
      auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0)
        return;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  void shut_down() {
    ::shutdown(fd_, SHUT_WR);
  }

  /// What arrives until it contains `end`, the connection ends, or time is up.
  std::string read_until(std::string_view end,
                         std::chrono::milliseconds timeout = 5s) {
    std::string result;
    auto deadline = std::chrono::steady_clock::now() + timeout;
    while (result.find(end) == std::string::npos) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
      pollfd x{fd_, POLLIN, 0};
      char bytes[65536];
      if (left <= 0ms || ::poll(&x, 1, static_cast<int>(left.count())) <= 0)
        return result + "[timeout]";
      auto n = ::recv(fd_, bytes, sizeof bytes, 0);
      if (n <= 0)
        return result + "[end]";
      result.append(bytes, static_cast<std::size_t>(n));
    }
    return result;
  }

  /// What arrives until the server closes the connection.
  std::string read_all(std::chrono::milliseconds timeout = 5s) {
    return read_until("\x01never\x01", timeout);
  }

private:
  int fd_;
  bool is_connected_;
};

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t result = 0;
  for (auto at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size()))
    ++result;
  return result;
}

/// A server whose requests are remembered. It answers with the method, target
/// and body, unless a test sets `handler`.
struct http_server_fixture {
  void start(http_server_options options = {}) {
    options.name = "test";
    auto opened = http_server::open(
      {"http", "127.0.0.1", 0},
      [this](http_request x, http_responder respond) {
        {
          std::unique_lock guard{mutex};
          requests.push_back(x);
        }
        if (handler)
          handler(std::move(x), std::move(respond));
        else
          respond({200, {}, x.method + " " + x.target + " " + x.body});
      },
      options);
    REQUIRE_MESSAGE(opened, explain(opened.error()));
    server = std::move(*opened);
    REQUIRE(server->problem() == "");
  }

  /// Sends text on a new connection, and returns what comes until its end.
  std::string ask(std::string_view text,
                  std::chrono::milliseconds timeout = 5s) {
    http_peer peer{server->port()};
    REQUIRE(peer.is_connected());
    peer.send(text);
    peer.shut_down();
    return peer.read_all(timeout);
  }

  std::size_t handled() {
    std::unique_lock guard{mutex};
    return requests.size();
  }

  std::mutex mutex;
  std::vector<http_request> requests;
  http_handler handler;
  std::unique_ptr<http_server> server;
};

} // namespace edgeless::test
