// SPDX-License-Identifier: MIT
#include "test/fixtures/frame_bytes.hpp"
#include "test/fixtures/tls_fixture.hpp"

#include "runtime/net/basp/basp_transport.hpp"

#include <random>

namespace edgeless {

namespace {

using enum peer_role;

/// A program that listens as an orchestrator with TLS: the target of the
/// hostile connections.
struct tls_orchestrator_fixture : test_authority {
  explicit tls_orchestrator_fixture(std::chrono::milliseconds timeout
                                    = test_timeout)
    : target{settings_of(timeout)} {
    url = target.open(target.spawn(test_module_source), orchestrator, {node});
  }

  transport_settings settings_of(std::chrono::milliseconds timeout) {
    auto result = transport_settings_of(the_orchestrator);
    result.handshake = timeout;
    return result;
  }

  std::uint64_t refused(refusal reason) const {
    return target.statistics->refused_for(reason);
  }

  /// Whether a correct node still gets its response.
  bool still_serves() {
    program client_program{transport_settings_of(node_named(1))};
    auto remote
      = client_program.reach<module_source_actor>(url, node, orchestrator);
    return remote && fetch(client_program, remote, "known") == "xxxxxxxxxx";
  }

  tls_client plaintext_client() {
    return {url, nullptr};
  }

  tls_client trusted_client() {
    return {url, make_context(node_named(1))->dial(orchestrator)};
  }

  program target;
  std::string url;
};

struct short_handshake_fixture : tls_orchestrator_fixture {
  short_handshake_fixture() : tls_orchestrator_fixture{200ms} {
    // nop
  }
};

/// The ClientHello of a client that supports TLS 1.2 only.
std::string tls_1_2_client_hello() {
  std::string body{"\x03\x03", 2};
  body += std::string(32, 'r') + std::string(1, '\0');
  body += std::string{"\0\4\xc0\x2b\xc0\x2f\1\0", 8};
  // Groups, point formats, signatures.
  body += std::string{"\0\x18\0\x0a\0\4\0\2\0\x17\0\x0b\0\2\1\0\0\x0d\0\6\0\4\4"
                      "\3\4\1",
                      26};
  auto size = static_cast<char>(body.size());
  std::string message = std::string{"\1\0\0", 3} + size + body;
  return std::string{"\x16\3\1\0", 4} + static_cast<char>(message.size())
         + message;
}

/// Forwards bytes between a client and a listener, changed by a function.
class tampering_proxy {
public:
  using change = std::function<void(char* bytes, std::size_t size)>;

  tampering_proxy(const std::string& target, change apply_change)
    : change_(std::move(apply_change)) {
    auto address = resolve({"http", "127.0.0.1", 0}, true);
    acceptor_ = std::move(*listen_at(address->at(0)));
    url = "http://127.0.0.1:" + std::to_string(port_of(acceptor_));
    thread_ = std::thread{[this, target] {
      run(target);
    }};
  }

  ~tampering_proxy() {
    thread_.join();
  }

  std::string url;

private:
  void run(const std::string& target) {
    socket_handle one;
    eventually([&] {
      one = socket_handle{::accept(acceptor_.get(), nullptr, nullptr)};
      return static_cast<bool>(one);
    });
    auto address = resolve(*parse_url(target), true);
    auto two = std::move(*start_connect(address->at(0)));
    pollfd x[2] = {{two.get(), POLLOUT, 0}, {}};
    ::poll(x, 1, 1000);
    auto open = true;
    while (open) {
      x[0] = {one.get(), POLLIN, 0};
      x[1] = {two.get(), POLLIN, 0};
      ::poll(x, 2, 1000);
      open = pass(one, two, x[0].revents) && pass(two, one, x[1].revents);
    }
  }

  bool pass(socket_handle& from, socket_handle& to, short ready) {
    char bytes[8192];
    if (ready == 0)
      return true;
    auto n = ::recv(from.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (n <= 0)
      return n < 0 && errno == EAGAIN;
    change_(bytes, static_cast<std::size_t>(n));
    return ::send(to.get(), bytes, static_cast<std::size_t>(n), MSG_NOSIGNAL)
           == n;
  }

  change change_;
  socket_handle acceptor_;
  std::thread thread_;
};

} // namespace

TEST_CASE_FIXTURE(tls_orchestrator_fixture,
                  "hostile tls peer: a peer without TLS is refused") {
  auto http = plaintext_client();
  http.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(http.is_closed());
  auto plain = plaintext_client();
  plain.send(std::string{bytes::client_handshake_frame()});
  CHECK(plain.is_closed());

  CHECK(refused(refusal::bad_tls) == 2);
  CHECK(still_serves());
}

TEST_CASE_FIXTURE(tls_orchestrator_fixture,
                  "hostile tls peer: a TLS 1.2 client is refused") {
  auto old = plaintext_client();
  old.send(tls_1_2_client_hello());

  CHECK(old.is_closed());
  CHECK(refused(refusal::bad_tls) == 1);
}

TEST_CASE_FIXTURE(
  tls_orchestrator_fixture,
  "hostile tls peer: a plaintext program cannot connect to an encrypted port") {
  program clear;

  auto result = clear.dial(url, node, orchestrator);

  CHECK(!result.handle);
  CHECK(result.reason.find("closed the connection") != std::string::npos);
  CHECK(eventually([&] { return refused(refusal::bad_tls) == 1; }));
}

TEST_CASE(
  "tls transport: an encrypted program does not fall back to plaintext") {
  test_authority from;
  program clear;
  auto url = clear.open(clear.spawn(test_module_source), orchestrator, {node});
  program here{from.transport_settings_of(node_named(1))};

  auto result = here.dial(url, node, orchestrator);

  CHECK(!result.handle);
  CHECK(result.reason
        == url.substr(7)
             + ": peer closed the connection during the TLS handshake");
  CHECK(clear.statistics->refused_for(refusal::no_handshake) == 1);
}

TEST_CASE_FIXTURE(
  short_handshake_fixture,
  "hostile tls peer: a handshake that misses its deadline is closed") {
  auto silent = plaintext_client();
  auto half = plaintext_client();
  half.send(tls_1_2_client_hello().substr(0, 20));
  // A trusted client that never sends CAF's handshake.
  auto mute = trusted_client();
  mute.complete_handshake();

  CHECK(silent.is_closed());
  CHECK(half.is_closed());
  CHECK(mute.is_closed());
  CHECK(refused(refusal::silent) == 3);
}

TEST_CASE_FIXTURE(
  tls_orchestrator_fixture,
  "hostile tls peer: 200 silent connections delay no other peer") {
  std::vector<tls_client> silent;
  for (int i = 0; i < 200; ++i)
    silent.push_back(plaintext_client());

  CHECK(still_serves());
}

TEST_CASE_FIXTURE(
  tls_orchestrator_fixture,
  "hostile tls peer: garbage from a trusted peer closes the connection") {
  auto x = trusted_client();
  REQUIRE(x.complete_handshake());
  x.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");

  CHECK(x.is_closed());
  CHECK(refused(refusal::no_handshake) == 1);
  CHECK(still_serves());
}

TEST_CASE_FIXTURE(
  tls_orchestrator_fixture,
  "hostile tls peer: a half-closed connection of a trusted peer is closed") {
  auto x = trusted_client();
  REQUIRE(x.complete_handshake());
  ::shutdown(x.socket(), SHUT_WR);

  CHECK(x.is_closed());
  CHECK(refused(refusal::handshake_aborted) == 1);
}

TEST_CASE_FIXTURE(tls_orchestrator_fixture,
                  "hostile tls peer: an oversized certificate is refused") {
  certificate_order order;
  order.names = {node_named(1)};
  order.hosts.assign(4000, "host.example.org");
  REQUIRE(!issue_certificate(files / "", order, files / "long"));
  auto shown = tls_context::open({(files / "ca.pem").string(),
                                  (files / "long.pem").string(),
                                  (files / "long.key").string()},
                                 node_named(1));
  REQUIRE(shown);
  tls_client x{url, (*shown)->dial(orchestrator)};
  x.complete_handshake();

  CHECK(x.is_closed());
  CHECK(eventually([&] { return refused(refusal::bad_tls) == 1; }));
  CHECK(still_serves());
}

TEST_CASE_FIXTURE(
  tls_orchestrator_fixture,
  "hostile tls peer: 1000 connections with random bytes do no harm") {
  std::mt19937 random{42};
  for (int i = 0; i < 1000; ++i) {
    std::string noise(random() % 2000, '\0');
    for (auto& c : noise)
      c = static_cast<char>(random());
    auto x = plaintext_client();
    if (i % 2 == 0)
      noise = tls_1_2_client_hello().substr(0, 5 + i % 70) + noise;
    x.send(noise);
  }

  CHECK(still_serves());
  auto& open = target.statistics->open;
  CHECK(eventually([&] { return open == 0; }));
}

TEST_CASE_FIXTURE(tls_orchestrator_fixture,
                  "hostile tls peer: a modified handshake fails") {
  std::mt19937 random{42};
  auto failed = 0;
  for (int i = 0; i < 100; ++i) {
    // Flips bits in one byte of the TLS handshake messages.
    auto at = random() % 1500;
    std::size_t seen = 0;
    auto flip_byte = [&, at](char* bytes, std::size_t size) {
      if (seen <= at && at < seen + size)
        bytes[at - seen] ^= static_cast<char>(1 + random() % 255);
      seen += size;
    };
    tampering_proxy between{url, flip_byte};
    tls_client x{between.url, make_context(node_named(1))->dial(orchestrator)};
    auto shaken = x.complete_handshake();
    if (shaken)
      x.send("garbage that is as long as the header of a frame");
    failed += x.is_closed();
  }

  CHECK(failed == 100);
  CHECK(still_serves());
}

TEST_CASE_FIXTURE(tls_orchestrator_fixture,
                  "hostile tls peer: a man in the middle sees no plaintext") {
  std::mutex mutex;
  std::string seen;
  tampering_proxy between{url, [&](char* bytes, std::size_t size) {
                            std::lock_guard lock{mutex};
                            seen.append(bytes, size);
                          }};
  {
    program client_program{transport_settings_of(node_named(1))};
    auto remote = client_program.reach<module_source_actor>(between.url, node,
                                                            orchestrator);
    REQUIRE(remote);
    CHECK(fetch(client_program, remote, "known") == "xxxxxxxxxx");
  }
  std::lock_guard lock{mutex};
  CHECK(seen.size() > 1000);
  CHECK(seen.find("xxxxxxxxxx") == std::string::npos);
  CHECK(seen.find("known") == std::string::npos);
  CHECK(seen.find(to_string(node_named(1))) == std::string::npos);
}

} // namespace edgeless
