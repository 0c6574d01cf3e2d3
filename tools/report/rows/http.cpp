// SPDX-License-Identifier: MIT
#include "tools/report/harness/baselines/loopback.hpp"
#include "tools/report/harness/processes/http_servers.hpp"
#include "tools/report/harness/processes/process_figures.hpp"
#include "tools/report/parts.hpp"

#include "messages/errors.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <mutex>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t clients = 64;
constexpr std::size_t callers = 16;
constexpr std::size_t idle_clients = 10'000;
constexpr double rate = 2000;

const std::string request = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";

int connect_to(std::uint16_t port) {
  auto result = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback_at(port);
  if (::connect(result, reinterpret_cast<sockaddr*>(&address), sizeof address)
      == 0)
    return result;
  ::close(result);
  return -1;
}

/// Occurrences of `end` in what is received until the connection ends; calls
/// `seen` for each.
void receive_each(int peer, std::string_view end,
                  const std::function<void()>& seen) {
  std::string text;
  char bytes[4096];
  for (ssize_t n = 0; (n = ::recv(peer, bytes, sizeof bytes, 0)) > 0;) {
    text.append(bytes, static_cast<std::size_t>(n));
    for (std::size_t at = 0; (at = text.find(end)) != std::string::npos;) {
      text.erase(0, at + end.size());
      seen();
    }
  }
}

// -- at a fixed rate ----------------------------------------------------------

/// Connections that are used in turn, each with a thread that receives.
class open_loop {
public:
  explicit open_loop(std::uint16_t port) {
    for (auto& x : peers_)
      x.socket = connect_to(port);
    for (auto& x : peers_)
      x.receiving = std::jthread{[this, &x] {
        receive_each(x.socket, "World", [&] { on_response(x); });
      }};
  }
  open_loop(const open_loop&) = delete;
  ~open_loop() {
    for (auto& x : peers_)
      ::shutdown(x.socket, SHUT_RDWR);
    for (auto& x : peers_)
      x.receiving.join();
    for (auto& x : peers_)
      ::close(x.socket);
  }

  /// Seconds from the time at which each request was due until its response.
  std::vector<double> run(std::chrono::milliseconds duration) {
    auto interval = std::chrono::nanoseconds{std::llround(1e9 / rate)};
    std::size_t sent = 0;
    auto due = clock::now();
    for (auto end = due + duration; due < end; due += interval, ++sent) {
      std::this_thread::sleep_until(due);
      auto& x = peers_[sent % peers_.size()];
      {
        std::lock_guard guard{mutex_};
        x.due.push_back(due);
      }
      ::send(x.socket, request.data(), request.size(), MSG_NOSIGNAL);
    }
    auto is_done = [&] {
      std::lock_guard guard{mutex_};
      return seconds_.size() == sent;
    };
    auto all = wait_until(3s, is_done);
    std::lock_guard guard{mutex_};
    auto result = std::exchange(seconds_, {});
    return all ? result : std::vector<double>{};
  }

private:
  struct peer {
    int socket = -1;
    std::deque<clock::time_point> due{};
    std::jthread receiving{};
  };

  void on_response(peer& x) {
    std::lock_guard guard{mutex_};
    if (x.due.empty())
      return;
    seconds_.push_back(seconds_since(x.due.front()));
    x.due.pop_front();
  }

  std::mutex mutex_;
  std::vector<double> seconds_;
  std::array<peer, 16> peers_;
};

/// Answers with the bytes of a response, without reading what it gets.
class tcp_alone {
public:
  tcp_alone() {
    std::tie(listener_, port_) = listen_on_loopback();
    ::listen(listener_, 64);
    accepting_ = std::jthread{[this] {
      for (int peer = 0; (peer = ::accept(listener_, nullptr, nullptr)) >= 0;)
        serving_.emplace_back([peer] {
          const std::string_view response
            = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nWorld";
          receive_each(peer, "\r\n\r\n", [&] {
            ::send(peer, response.data(), response.size(), MSG_NOSIGNAL);
          });
          ::close(peer);
        });
    }};
  }
  tcp_alone(const tcp_alone&) = delete;
  ~tcp_alone() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    serving_.clear();
    ::close(listener_);
  }

  std::uint16_t port() const {
    return port_;
  }

private:
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::vector<std::jthread> serving_;
  std::jthread accepting_;
};

row at_fixed_rate(const plan& how, const http_domain& domain) {
  row result{"HTTP to a function and back at 2 k/s, p99 (aim: 4x)",
             unit::seconds};
  std::vector<double> bare;
  for (std::size_t i = 0; i < how.repeats(10); ++i) {
    tcp_alone server;
    for (auto [port, to] : {std::pair{domain.port(), &result.samples},
                            std::pair{server.port(), &bare}}) {
      auto seconds = open_loop{port}.run(how.pace());
      if (seconds.empty()) {
        result.failure = "not all requests were answered within 3 s";
        return result;
      }
      to->push_back(quantile(std::move(seconds), 0.99));
    }
  }
  result.baseline = {"TCP alone, the same bytes", median(bare)};
  return result;
}

// -- closed loop and memory ---------------------------------------------------

row closed_loop(const plan& how, const http_domain& domain,
                const nginx_child& nginx) {
  row result{"HTTP to a function and back, 64 connections (aim: ratio 0.5)",
             unit::per_second};
  auto folder = how.scratch / "http";
  auto duration = std::chrono::seconds{how.quick ? 1 : 3};
  std::vector<double> bare;
  for (std::size_t i = 0; i <= how.repeats(5); ++i)
    for (auto [port, to] : {std::pair{domain.port(), &result.samples},
                            std::pair{nginx.port(), &bare}}) {
      auto figure = wrk(folder, port, clients, duration);
      if (!figure) {
        result.failure = explain(figure.error());
        return result;
      }
      if (i > 0) // after a warm-up
        to->push_back(*figure);
    }
  result.baseline = {"nginx, a static file", median(bare)};
  return result;
}

row idle_connections(const http_domain& domain) {
  row result{"memory of 10000 idle HTTP connections (aim: 64 MiB)",
             unit::bytes};
  auto before = resident_bytes(domain.node());
  std::vector<int> all;
  for (std::size_t i = 0; i < idle_clients; ++i) {
    auto x = connect_to(domain.port());
    char bytes[512];
    if (x < 0 || ::send(x, request.data(), request.size(), MSG_NOSIGNAL) < 0
        || ::recv(x, bytes, sizeof bytes, 0) <= 0) {
      result.failure = "connection " + std::to_string(i) + " is not answered";
      break;
    }
    all.push_back(x);
  }
  if (result.failure.empty())
    result.samples.push_back(resident_bytes(domain.node()) - before);
  for (auto x : all)
    ::close(x);
  return result;
}

row egress_calls(const plan& how, http_domain& domain,
                 const nginx_child& nginx) {
  row result{"calls of http-egress to nginx, 16 functions (aim: ratio 0.3)",
             unit::per_second};
  auto bare = wrk(how.scratch / "http", nginx.port(), callers,
                  std::chrono::seconds{how.quick ? 1 : 3});
  auto problem = bare ? domain.start_callers(callers, nginx) : bare.error();
  if (problem) {
    result.failure = explain(problem);
    return result;
  }
  result.samples = growth(
    how, [&] { return nginx.requests(); }, how.repeats(10));
  result.baseline = {"wrk on the same nginx, 16 connections", *bare};
  return result;
}

/// For this process and those that it spawns.
void raise_descriptor_limit() {
  rlimit x{};
  ::getrlimit(RLIMIT_NOFILE, &x);
  x.rlim_cur = x.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &x);
}

} // namespace

rows http(const plan& how) {
  if (!has_http_programs()) {
    std::cerr << "skipped: http: nginx or wrk is not installed; "
                 "scripts/setup.sh installs both"
              << std::endl;
    return {};
  }
  raise_descriptor_limit();
  auto failed = [](const caf::error& why) {
    return rows{{"HTTP", unit::per_second, {}, {}, explain(why)}};
  };
  auto nginx = nginx_child::spawn(how.scratch / "nginx");
  if (!nginx)
    return failed(nginx.error());
  auto domain = http_domain::make(how.scratch / "http");
  if (!domain)
    return failed(domain.error());
  rows result;
  result.push_back(idle_connections(**domain));
  result.push_back(closed_loop(how, **domain, **nginx));
  result.push_back(at_fixed_rate(how, **domain));
  result.push_back(egress_calls(how, **domain, **nginx));
  return result;
}

} // namespace edgeless::benchmark
