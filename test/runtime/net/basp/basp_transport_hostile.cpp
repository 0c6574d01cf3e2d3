// SPDX-License-Identifier: MIT
#include "test/fixtures/frame_bytes.hpp"
#include "test/fixtures/transport_fixture.hpp"

#include "runtime/net/basp/basp_transport.hpp"
#include "runtime/net/socket.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <random>

namespace edgeless {

namespace {

using namespace bytes;
using enum peer_role;

/// A TCP connection that sends arbitrary bytes.
class raw_client {
public:
  explicit raw_client(const std::string& url) {
    auto where = parse_url(url);
    auto address = resolve(*where, true);
    socket_ = std::move(*start_connect(address->at(0)));
    pollfd x{socket_.get(), POLLOUT, 0};
    ::poll(&x, 1, 10'000);
  }

  /// False once the peer has closed the connection.
  bool send(const std::string& bytes) {
    std::string_view text{bytes};
    byte_stream stream{socket_.get()};
    while (!text.empty()) {
      auto n = stream.write(text);
      if (n < 0)
        return false;
      text.remove_prefix(static_cast<std::size_t>(n));
      if (n == 0) {
        pollfd x{socket_.get(), POLLOUT, 0};
        ::poll(&x, 1, 100);
      }
    }
    return true;
  }

  /// Whether the peer closes the connection within test_timeout.
  bool is_closed() {
    char buffer[4096];
    return eventually([&] {
      pollfd x{socket_.get(), POLLIN, 0};
      ::poll(&x, 1, 10);
      return byte_stream{socket_.get()}.read(buffer) < 0;
    });
  }

private:
  socket_handle socket_;
};

std::size_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// A program that listens as an orchestrator: the target of the hostile
/// connections.
struct orchestrator_fixture {
  orchestrator_fixture() {
    url = target.open(target.spawn(test_module_source), orchestrator, {node});
  }

  std::uint64_t refused(refusal reason) const {
    return target.statistics->refused_for(reason);
  }

  /// Whether a correct node still gets its response.
  bool still_serves() {
    program client_program;
    auto remote
      = client_program.reach<module_source_actor>(url, node, orchestrator);
    if (!remote)
      return false;
    caf::scoped_actor self{client_program.system()};
    auto served = false;
    self
      ->request(remote, test_timeout, atom::fetch_v, code_id{"known"},
                std::uint64_t{0})
      .receive([&](const code_part&) { served = true; },
               [](const caf::error&) {});
    return served;
  }

  /// Whether the target closes the connection after a valid handshake and
  /// this frame.
  bool closes(const std::string& frame) {
    raw_client x{url};
    x.send(client_handshake_frame());
    x.send(frame);
    return x.is_closed();
  }

  program target;
  std::string url;
};

} // namespace

TEST_CASE_FIXTURE(orchestrator_fixture,
                  "hostile peer: garbage closes the connection") {
  raw_client x{url};
  x.send("GET / HTTP/1.1\r\nHost: localhost\r\nAccept: everything\r\n\r\n");

  CHECK(x.is_closed());
  CHECK(refused(refusal::no_handshake) == 1);
  CHECK(still_serves());
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "hostile peer: a connection without a handshake is closed at its deadline") {
  raw_client silent{url};
  raw_client half{url};
  half.send(std::string{client_handshake_frame()}.substr(0, 40));

  CHECK(silent.is_closed());
  CHECK(half.is_closed());
  CHECK(refused(refusal::silent) == 2);
  CHECK(still_serves());
}

TEST_CASE_FIXTURE(orchestrator_fixture,
                  "hostile peer: headers that crash CAF close the connection") {
  auto empty = client_handshake_frame();
  empty.payload.clear();
  raw_client x{url};
  x.send(empty);
  CHECK(x.is_closed());
  auto server = server_handshake_frame();
  server.payload.clear();
  raw_client y{url};
  y.send(server);
  CHECK(y.is_closed());

  CHECK(target.statistics->refused_in_total() == 2);
  CHECK(still_serves());
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "hostile peer: 1000 connections with random bytes do no harm") {
  std::mt19937 random{42};
  auto before = resident_bytes();
  for (int i = 0; i < 1000; ++i) {
    std::string noise(random() % 2000, '\0');
    for (auto& c : noise)
      c = static_cast<char>(random());
    raw_client x{url};
    if (i % 2 == 0)
      x.send(client_handshake_frame(static_cast<char>(i % 100)));
    x.send(noise);
  }

  CHECK(still_serves());
  auto& open = target.statistics->open;
  CHECK(eventually([&] { return open == 0; }));
  CHECK(target.statistics->refused_in_total() > 900);
  CHECK(resident_bytes() < before + (64u << 20));
}

TEST_CASE_FIXTURE(orchestrator_fixture,
                  "hostile peer: 200 silent connections delay no other peer") {
  std::vector<raw_client> silent;
  for (int i = 0; i < 200; ++i)
    silent.emplace_back(url);

  CHECK(still_serves());
  CHECK(eventually([&] { return refused(refusal::silent) == 200; }));
}

TEST_CASE(
  "hostile peer: the oldest unfinished connection makes room for a new one") {
  auto settings = program::with_short_timeouts();
  settings.handshake = test_timeout;
  settings.max_unfinished = 5;
  program target{settings};
  auto url
    = target.open(target.spawn(test_module_source), orchestrator, {node});
  std::vector<raw_client> silent;
  for (int i = 0; i < 10; ++i)
    silent.emplace_back(url);

  program client_program;
  CHECK(client_program.dial(url, node, orchestrator).handle);
  CHECK(target.statistics->refused_for(refusal::too_many_connections) >= 5);
}

TEST_CASE("hostile peer: connections per address are limited") {
  auto settings = program::with_short_timeouts();
  settings.handshake = test_timeout;
  settings.max_per_address = 3;
  program target{settings};
  auto url
    = target.open(target.spawn(test_module_source), orchestrator, {node});
  std::vector<raw_client> silent;
  for (int i = 0; i < 4; ++i)
    silent.emplace_back(url);

  CHECK(silent.back().is_closed());
  CHECK(eventually([&] {
    return target.statistics->refused_for(refusal::too_many_connections) == 1;
  }));
}

TEST_CASE_FIXTURE(orchestrator_fixture,
                  "hostile peer: length and nesting bombs close the connection "
                  "and take no memory") {
  auto before = resident_bytes();
  auto vector_bomb = raw_message(
    "@<>+@atom+@charbuf", atom_bits(atom::fetch::value) + "\xff\xff\xff\xff\x07"
                            + std::string(20, 'x'));
  CHECK(closes(vector_bomb));
  auto length_bomb = raw_message(
    "@<>+@atom+@str+@u64", atom_bits(atom::fetch::value)
                             + "\xff\xff\xff\xff\x07" + std::string(20, 'x'));
  CHECK(closes(length_bomb));
  std::string nested;
  while (nested.size() < 1'900'000)
    nested += of(std::uint16_t{0}, std::string{"@<>+@message"});
  CHECK(closes(raw_message("@<>+@message", nested)));
  auto oversize = std::string{heartbeat()};
  oversize[0] = 2;
  oversize[4] = '\x7f';
  CHECK(closes(oversize));

  CHECK(target.statistics->refused_in_total() == 4);
  CHECK(resident_bytes() < before + (64u << 20));
  CHECK(still_serves());
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "hostile peer: routed frames and exit messages close the connection") {
  auto routed
    = request_frame(atom::fetch_v, code_id{"known"}, std::uint64_t{0});
  routed.operation = message_type::routed_message;
  CHECK(closes(routed));
  CHECK(closes(
    raw_message("@<>+@exit", handle(5, remote_node) + of(caf::error{}))));

  CHECK(refused(refusal::routed) == 1);
  CHECK(refused(refusal::not_admitted) + refused(refusal::wrong_receiver) == 1);
  CHECK(still_serves());
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "hostile peer: a handshake with our own node id closes the connection") {
  auto own = target.system().node();
  auto greeting = client_handshake_frame();
  greeting.payload = of(own);
  raw_client x{url};
  x.send(greeting);
  CHECK(x.is_closed());
  CHECK(refused(refusal::own_node) == 1);
  CHECK(still_serves());
}

namespace {

/// What a dial reports of a server that answers with these bytes.
std::string reason_of_dial(const std::string& answer) {
  program here;
  auto address = resolve({"http", "127.0.0.1", 0}, true);
  auto socket = std::move(*listen_at(address->at(0)));
  auto url = "http://127.0.0.1:" + std::to_string(port_of(socket));
  std::thread server{[&] {
    socket_handle x;
    eventually([&] {
      x = socket_handle{::accept(socket.get(), nullptr, nullptr)};
      return static_cast<bool>(x);
    });
    byte_stream{x.get()}.write(answer);
    char buffer[64];
    eventually([&] { return byte_stream{x.get()}.read(buffer) != 0; });
  }};

  auto result = here.dial(url, node, orchestrator);
  server.join();
  REQUIRE(result.reason.starts_with(url.substr(7) + ": "));
  return result.reason.substr(url.size() - 7 + 2);
}

} // namespace

TEST_CASE(
  "hostile peer: a server that answers a dial with garbage is reported") {
  CHECK(reason_of_dial(std::string(64, 'x'))
        == "invalid handshake: reason=no_handshake");
}

TEST_CASE("dial: a peer of another wire version is refused with a sentence") {
  auto former = server_handshake_frame(remote_node, {"edgeless-1"});

  CHECK(reason_of_dial(former)
        == "the peer speaks another version of the protocol than "
             + std::string{application_id} + ": run programs of one version");
}

TEST_CASE("connection journal: refusals are logged at most once a second") {
  auto settings = program::with_short_timeouts();
  std::atomic<int> lines = 0;
  settings.log = [&](const std::string&) {
    ++lines;
  };
  program target{settings};
  auto url
    = target.open(target.spawn(test_module_source), orchestrator, {node});
  for (int i = 0; i < 20; ++i) {
    raw_client x{url};
    x.send(std::string(32, 'x'));
    REQUIRE(x.is_closed());
  }

  CHECK(target.statistics->refused_for(refusal::no_handshake) == 20);
  CHECK(lines >= 1);
  CHECK(lines < 20);
}

} // namespace edgeless
