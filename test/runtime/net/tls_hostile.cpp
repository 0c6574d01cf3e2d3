// SPDX-License-Identifier: MIT
#include "test/fixtures/frame_bytes.hpp"
#include "test/fixtures/tls_fixture.hpp"

#include "runtime/net/basp/basp_transport.hpp"

#include <random>

namespace edgeless {

namespace {

using enum peer_role;

/// A program with an orchestrator's door behind TLS, and what it is supposed
/// to survive.
struct tls_fortress : notary {
  explicit tls_fortress(std::chrono::milliseconds timeout = ages)
    : home{settings_of(timeout)} {
    url = home.open(home.spawn(library), orchestrator, {node});
  }

  transport_settings settings_of(std::chrono::milliseconds timeout) {
    auto result = wire_of(the_orchestrator);
    result.handshake = timeout;
    return result;
  }

  std::uint64_t refused(refusal reason) const {
    return home.statistics->refused_for(reason);
  }

  /// Whether a well-behaved node is served.
  bool serves() {
    program guest{wire_of(node_named(1))};
    auto whom = guest.reach<module_source_actor>(url, node, orchestrator);
    return whom && fetch(guest, whom, "known") == "xxxxxxxxxx";
  }

  visitor anonymous() {
    return {url, nullptr};
  }

  visitor authentic() {
    return {url, supervisor(node_named(1))->dial(orchestrator)};
  }

  program home;
  std::string url;
};

struct hasty_fortress : tls_fortress {
  hasty_fortress() : tls_fortress{200ms} {
    // nop
  }
};

/// The first message of a TLS client that knows TLS 1.2 alone.
std::string hello_of_tls_1_2() {
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

/// Passes on what a visitor and a door say to each other, after a change.
class meddler {
public:
  using change = std::function<void(char* bytes, std::size_t size)>;

  meddler(const std::string& target, change verb) : verb_(std::move(verb)) {
    auto address = resolve({"http", "127.0.0.1", 0}, true);
    acceptor_ = std::move(*listen_at(address->at(0)));
    url = "http://127.0.0.1:" + std::to_string(port_of(acceptor_));
    thread_ = std::thread{[this, target] {
      run(target);
    }};
  }

  ~meddler() {
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
    verb_(bytes, static_cast<std::size_t>(n));
    return ::send(to.get(), bytes, static_cast<std::size_t>(n), MSG_NOSIGNAL)
           == n;
  }

  change verb_;
  socket_handle acceptor_;
  std::thread thread_;
};

} // namespace

TEST_CASE_FIXTURE(tls_fortress, "whoever does not speak TLS is hung up on") {
  auto http = anonymous();
  http.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(http.is_cut());
  auto plain = anonymous();
  plain.send(std::string{bytes::greeting_of_client()});
  CHECK(plain.is_cut());

  CHECK(refused(refusal::bad_tls) == 2);
  CHECK(serves());
}

TEST_CASE_FIXTURE(tls_fortress, "whoever knows TLS 1.2 alone is hung up on") {
  auto old = anonymous();
  old.send(hello_of_tls_1_2());

  CHECK(old.is_cut());
  CHECK(refused(refusal::bad_tls) == 1);
}

TEST_CASE_FIXTURE(tls_fortress, "a program in the clear reaches nobody") {
  program clear;

  auto result = clear.dial(url, node, orchestrator);

  CHECK(!result.handle);
  CHECK(result.reason.find("hung up") != std::string::npos);
  CHECK(eventually([&] { return refused(refusal::bad_tls) == 1; }));
}

TEST_CASE("an encrypted program does not fall back to the clear") {
  notary from;
  program clear;
  auto url = clear.open(clear.spawn(library), orchestrator, {node});
  program here{from.wire_of(node_named(1))};

  auto result = here.dial(url, node, orchestrator);

  CHECK(!result.handle);
  CHECK(result.reason == url.substr(7) + ": hung up during the TLS handshake");
  CHECK(clear.statistics->refused_for(refusal::no_handshake) == 1);
}

TEST_CASE_FIXTURE(hasty_fortress, "a handshake that takes too long is cut") {
  auto silent = anonymous();
  auto half = anonymous();
  half.send(hello_of_tls_1_2().substr(0, 20));
  // Trusted, but never says who it is to CAF.
  auto mute = authentic();
  mute.shake_hands();

  CHECK(silent.is_cut());
  CHECK(half.is_cut());
  CHECK(mute.is_cut());
  CHECK(refused(refusal::silent) == 3);
}

TEST_CASE_FIXTURE(tls_fortress, "two hundred silent connections delay nobody") {
  std::vector<visitor> silent;
  for (int i = 0; i < 200; ++i)
    silent.push_back(anonymous());

  CHECK(serves());
}

TEST_CASE_FIXTURE(tls_fortress, "a trusted peer's garbage is hung up on") {
  auto x = authentic();
  REQUIRE(x.shake_hands());
  x.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");

  CHECK(x.is_cut());
  CHECK(refused(refusal::no_handshake) == 1);
  CHECK(serves());
}

TEST_CASE_FIXTURE(tls_fortress, "a trusted peer that hangs up by half is cut") {
  auto x = authentic();
  REQUIRE(x.shake_hands());
  ::shutdown(x.socket(), SHUT_WR);

  CHECK(x.is_cut());
  CHECK(refused(refusal::handshake_aborted) == 1);
}

TEST_CASE_FIXTURE(tls_fortress, "a certificate without end is hung up on") {
  certificate_order order;
  order.names = {node_named(1)};
  order.hosts.assign(4000, "host.example.org");
  REQUIRE(!issue_certificate(files / "", order, files / "long"));
  auto shown = tls_context::open({(files / "ca.pem").string(),
                                  (files / "long.pem").string(),
                                  (files / "long.key").string()},
                                 node_named(1));
  REQUIRE(shown);
  visitor x{url, (*shown)->dial(orchestrator)};
  x.shake_hands();

  CHECK(x.is_cut());
  CHECK(eventually([&] { return refused(refusal::bad_tls) == 1; }));
  CHECK(serves());
}

TEST_CASE_FIXTURE(tls_fortress, "a thousand noisy connections do no harm") {
  std::mt19937 random{42};
  for (int i = 0; i < 1000; ++i) {
    std::string noise(random() % 2000, '\0');
    for (auto& c : noise)
      c = static_cast<char>(random());
    auto x = anonymous();
    if (i % 2 == 0)
      noise = hello_of_tls_1_2().substr(0, 5 + i % 70) + noise;
    x.send(noise);
  }

  CHECK(serves());
  auto& open = home.statistics->open;
  CHECK(eventually([&] { return open == 0; }));
}

TEST_CASE_FIXTURE(tls_fortress, "a handshake that somebody changed fails") {
  std::mt19937 random{42};
  auto failed = 0;
  for (int i = 0; i < 100; ++i) {
    // One byte, somewhere in the first flights.
    auto at = random() % 1500;
    std::size_t seen = 0;
    auto verb = [&, at](char* bytes, std::size_t size) {
      if (seen <= at && at < seen + size)
        bytes[at - seen] ^= static_cast<char>(1 + random() % 255);
      seen += size;
    };
    meddler between{url, verb};
    visitor x{between.url, supervisor(node_named(1))->dial(orchestrator)};
    auto shaken = x.shake_hands();
    if (shaken)
      x.send("garbage that is as long as the header of a frame");
    failed += x.is_cut();
  }

  CHECK(failed == 100);
  CHECK(serves());
}

TEST_CASE_FIXTURE(tls_fortress, "nobody between two programs can read along") {
  std::mutex mutex;
  std::string seen;
  meddler between{url, [&](char* bytes, std::size_t size) {
                    std::lock_guard lock{mutex};
                    seen.append(bytes, size);
                  }};
  {
    program guest{wire_of(node_named(1))};
    auto whom
      = guest.reach<module_source_actor>(between.url, node, orchestrator);
    REQUIRE(whom);
    CHECK(fetch(guest, whom, "known") == "xxxxxxxxxx");
  }
  std::lock_guard lock{mutex};
  CHECK(seen.size() > 1000);
  CHECK(seen.find("xxxxxxxxxx") == std::string::npos);
  CHECK(seen.find("known") == std::string::npos);
  CHECK(seen.find(to_string(node_named(1))) == std::string::npos);
}

} // namespace edgeless
