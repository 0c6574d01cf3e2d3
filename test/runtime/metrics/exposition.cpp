// SPDX-License-Identifier: MIT
#include "runtime/metrics/exposition.hpp"

#include "runtime/http/metrics_endpoint.hpp"
#include "runtime/metrics/domain_metrics.hpp"

#include "messages/errors.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <string>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// A TCP socket on loopback; listens or connects.
struct tcp {
  tcp() : fd{::socket(AF_INET, SOCK_STREAM, 0)} {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }

  ~tcp() {
    ::close(fd);
  }

  std::uint16_t listen() {
    socklen_t size = sizeof address;
    ::bind(fd, raw(), size);
    ::listen(fd, 1);
    ::getsockname(fd, raw(), &size);
    return ntohs(address.sin_port);
  }

  bool connect(std::uint16_t port) {
    address.sin_port = htons(port);
    return ::connect(fd, raw(), sizeof address) == 0;
  }

  std::string ask(const std::string& text) {
    ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    std::string result;
    char part[4096];
    for (ssize_t n; (n = ::recv(fd, part, sizeof part, 0)) > 0;)
      result.append(part, static_cast<std::size_t>(n));
    return result;
  }

  sockaddr* raw() {
    return reinterpret_cast<sockaddr*>(&address);
  }

  int fd;
  sockaddr_in address{};
};

std::uint16_t free_port() {
  return tcp{}.listen();
}

std::string get(std::uint16_t port, const std::string& path) {
  tcp client;
  if (!client.connect(port))
    return "connection refused";
  return client.ask("GET " + path + " HTTP/1.0\r\n\r\n");
}

void one_gauge(metrics_page& page) {
  page.gauge("edgeless_test", "A test.", 42, {{"name", "a \"b\"\\\n"}});
}

} // namespace

TEST_CASE("metrics page: has each family once, with all its metrics") {
  auto text = print_metrics([](metrics_page& x) {
    x.gauge("g", "Some gauge.", 1, {{"k", "a"}});
    x.counter("c_total", "Some counter.", 2.5);
    x.gauge("g", {}, 3, {{"k", "b"}});
  });

  CHECK(text
        == "# HELP g Some gauge.\n# TYPE g gauge\n"
           "g{k=\"a\"} 1\ng{k=\"b\"} 3\n"
           "# HELP c_total Some counter.\n# TYPE c_total counter\n"
           "c_total 2.5\n");
}

TEST_CASE("metrics page: label values may contain any byte") {
  CHECK(contains(print_metrics(one_gauge), R"(name="a \"b\"\\\n"} 42)"));
}

TEST_CASE(
  "metrics page: a histogram is cumulative, in seconds, and ends in infinity") {
  duration_histogram x;
  x.observe(3us);
  x.observe(200s);
  auto text = print_metrics(
    [&](metrics_page& page) { page.histogram("h", "Some times.", x.read()); });

  CHECK(contains(text, "h_count 2\n"));
  CHECK(contains(text, "h_bucket{le=\"2e-06\"} 0\n"));
  CHECK(contains(text, "h_bucket{le=\"5e-06\"} 1\n"));
  CHECK(contains(text, "h_bucket{le=\"100\"} 1\n"));
  CHECK(contains(text, "h_bucket{le=\"+Inf\"} 2\n"));
}

TEST_CASE("metrics server: serves the current values at /metrics") {
  auto port = free_port();
  std::atomic<int> value{1};
  auto server
    = serve_metrics({"http", "127.0.0.1", port},
                    [&](metrics_page& x) { x.gauge("v", "A value.", value); });
  REQUIRE_MESSAGE(server, explain(server.error()));

  CHECK(contains(get(port, "/metrics"), "\nv 1\n"));
  value = 2;
  CHECK(contains(get(port, "/metrics"), "\nv 2\n"));
  CHECK(contains(get(port, "/"), "404"));
}

TEST_CASE("metrics server: listens on a host given by name") {
  auto port = free_port();
  auto server = serve_metrics({"http", "localhost", port}, one_gauge);

  CHECK(server);
}

TEST_CASE("metrics server: a port in use is tried again until it is free") {
  auto holder = std::make_optional<tcp>();
  auto port = holder->listen();

  auto server = serve_metrics({"http", "127.0.0.1", port}, one_gauge);
  REQUIRE(server);
  CHECK(contains((*server)->problem(), "address already in use"));
  CHECK((*server)->port() == 0);
  holder.reset();

  auto end = std::chrono::steady_clock::now() + 10s;
  while (!(*server)->problem().empty()
         && std::chrono::steady_clock::now() < end)
    ::usleep(10'000);
  CHECK(contains(get(port, "/metrics"), "edgeless_test{"));
}

TEST_CASE("metrics server: listens on an IPv6 address") {
  auto server = serve_metrics({"http", "::1", 0}, one_gauge);

  REQUIRE(server);
  CHECK((*server)->problem() == "");
  CHECK((*server)->port() != 0);
}

TEST_CASE("metrics server: says whether the program lives and is ready") {
  auto port = free_port();
  std::string silent, reason = "no orchestrator";
  auto server = serve_metrics(
    {"http", "127.0.0.1", port}, one_gauge, [&] { return silent; },
    [&] { return reason; });
  REQUIRE(server);

  CHECK(contains(get(port, "/livez"), " 200 "));
  auto refused = get(port, "/readyz");
  CHECK(contains(refused, " 503 "));
  CHECK(contains(refused, "no orchestrator"));
  reason.clear();
  CHECK(contains(get(port, "/readyz"), " 200 "));
  silent = "the NODE does not answer";
  for (auto path : {"/livez", "/readyz"}) {
    auto reply = get(port, path);
    CHECK(contains(reply, " 503 "));
    CHECK(contains(reply, silent));
  }
  CHECK(contains(get(port, "/metrics"), " 200 "));
}

TEST_CASE("metrics server: an unknown host and https are clear errors") {
  CHECK(explain(serve_metrics({"https", "127.0.0.1", 7003}, one_gauge).error())
        == "cannot serve metrics at http://127.0.0.1:7003: only http:// is "
           "served");
  CHECK(contains(
    explain(serve_metrics({"http", "no.such.invalid", 1}, one_gauge).error()),
    "no.such.invalid: "));
}

TEST_CASE("metrics server: frees its port when it is destroyed") {
  auto port = free_port();
  { auto server = serve_metrics({"http", "127.0.0.1", port}, one_gauge); }

  CHECK(serve_metrics({"http", "127.0.0.1", port}, one_gauge));
}

TEST_CASE(
  "metrics server: garbage and silent clients do not keep others waiting") {
  auto port = free_port();
  auto server = serve_metrics({"http", "127.0.0.1", port}, one_gauge);
  REQUIRE(server);
  tcp silent, hostile;
  REQUIRE(silent.connect(port));
  REQUIRE(hostile.connect(port));
  ::send(silent.fd, "GE", 2, 0);
  hostile.ask(std::string(100'000, '\xFF') + "\r\n\r\n");

  CHECK(contains(get(port, "/metrics"), "edgeless_test{"));
  // Returns because the server closes the connection.
  CHECK(!contains(silent.ask(""), "edgeless_test{"));
}

TEST_CASE("orchestrator metrics: count components, migrations and intents") {
  domain_counters x;
  x.components = 5;
  x.running = 3;
  x.count_migration(migration_outcome::done, 3ms);
  x.count_intent(intent_outcome::refused);
  auto text = print_metrics([&](metrics_page& page) { add_metrics(page, x); });

  CHECK(contains(text, "components{phase=\"running\"} 3\n"));
  CHECK(contains(text, "components{phase=\"pending\"} 2\n"));
  CHECK(contains(text, "migrations_total{outcome=\"done\"} 1\n"));
  CHECK(contains(text, "migrations_total{outcome=\"lost\"} 0\n"));
  CHECK(contains(text, "migration_seconds_count 1\n"));
  CHECK(contains(text, "intents_total{outcome=\"refused\"} 1\n"));
}

TEST_CASE("orchestrator metrics: counters read at different moments give no "
          "negative value") {
  domain_counters x;
  x.running = 1;
  auto text = print_metrics([&](metrics_page& page) { add_metrics(page, x); });

  CHECK(contains(text, "components{phase=\"pending\"} 0\n"));
}

TEST_CASE("controller metrics: count workflows and domains by state") {
  cluster_counters x;
  x.workflows = 4;
  x.hosted = 1;
  x.domains = 2;
  x.attached = 2;
  auto text = print_metrics([&](metrics_page& page) { add_metrics(page, x); });

  CHECK(contains(text, "workflows{state=\"pending\"} 3\n"));
  CHECK(contains(text, "domains{state=\"disconnected\"} 0\n"));
}

TEST_CASE("transport metrics: count refusals by reason") {
  transport_statistics x;
  x.accepted = 7;
  x.refused[static_cast<std::size_t>(refusal::silent)] = 3;
  auto text = print_metrics([&](metrics_page& page) { add_metrics(page, x); });

  CHECK(contains(text, "edgeless_transport_accepted_connections_total 7\n"));
  CHECK(
    contains(text, "edgeless_transport_refusals_total{reason=\"silent\"} 3\n"));
  CHECK(contains(
    text,
    "edgeless_transport_refusals_total{reason=\"too_many_connections\"} 0\n"));
  CHECK(!contains(text, "reason=\"none\""));
}
