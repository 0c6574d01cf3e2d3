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

/// A connection without any manners.
class intruder {
public:
  explicit intruder(const std::string& url) {
    auto where = parse_url(url);
    auto address = resolve(*where, true);
    socket_ = std::move(*start_connect(address->at(0)));
    pollfd x{socket_.get(), POLLOUT, 0};
    ::poll(&x, 1, 10'000);
  }

  /// False once the other side has hung up.
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

  /// Whether the other side hangs up.
  bool is_cut() {
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
  std::size_t local_instance = 0;
  statm >> total >> local_instance;
  return local_instance * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// A program with an orchestrator's door, and what it is supposed to survive.
struct fortress {
  fortress() {
    url = home.open(home.spawn(library), orchestrator, {node});
  }

  std::uint64_t refused(refusal reason) const {
    return home.statistics->refused_for(reason);
  }

  /// Whether a well-behaved node is served.
  bool serves() {
    program guest;
    auto whom = guest.reach<module_source_actor>(url, node, orchestrator);
    if (!whom)
      return false;
    caf::scoped_actor self{guest.system()};
    auto served = false;
    self->request(whom, ages, atom::fetch_v, code_id{"known"}, std::uint64_t{0})
      .receive([&](const code_part&) { served = true; },
               [](const caf::error&) {});
    return served;
  }

  /// Says something after a proper handshake; whether that is answered by
  /// hanging up.
  bool cuts(const std::string& frame) {
    intruder x{url};
    x.send(greeting_of_client());
    x.send(frame);
    return x.is_cut();
  }

  program home;
  std::string url;
};

} // namespace

TEST_CASE_FIXTURE(fortress, "garbage is hung up on") {
  intruder x{url};
  x.send("GET / HTTP/1.1\r\nHost: localhost\r\nAccept: everything\r\n\r\n");

  CHECK(x.is_cut());
  CHECK(refused(refusal::no_handshake) == 1);
  CHECK(serves());
}

TEST_CASE_FIXTURE(fortress, "silence is hung up on") {
  intruder silent{url};
  intruder half{url};
  half.send(std::string{greeting_of_client()}.substr(0, 40));

  CHECK(silent.is_cut());
  CHECK(half.is_cut());
  CHECK(refused(refusal::silent) == 2);
  CHECK(serves());
}

TEST_CASE_FIXTURE(fortress, "the headers that crash CAF are hung up on") {
  auto empty = greeting_of_client();
  empty.payload.clear();
  intruder x{url};
  x.send(empty);
  CHECK(x.is_cut());
  auto server = greeting_of_server();
  server.payload.clear();
  intruder y{url};
  y.send(server);
  CHECK(y.is_cut());

  CHECK(home.statistics->refused_in_total() == 2);
  CHECK(serves());
}

TEST_CASE_FIXTURE(fortress, "a thousand noisy connections do no harm") {
  std::mt19937 random{42};
  auto before = resident_bytes();
  for (int i = 0; i < 1000; ++i) {
    std::string noise(random() % 2000, '\0');
    for (auto& c : noise)
      c = static_cast<char>(random());
    intruder x{url};
    if (i % 2 == 0)
      x.send(greeting_of_client(static_cast<char>(i % 100)));
    x.send(noise);
  }

  CHECK(serves());
  auto& open = home.statistics->open;
  CHECK(eventually([&] { return open == 0; }));
  CHECK(home.statistics->refused_in_total() > 900);
  CHECK(resident_bytes() < before + (64u << 20));
}

TEST_CASE_FIXTURE(fortress, "two hundred silent connections delay nobody") {
  std::vector<intruder> silent;
  for (int i = 0; i < 200; ++i)
    silent.emplace_back(url);

  CHECK(serves());
  CHECK(eventually([&] { return refused(refusal::silent) == 200; }));
}

TEST_CASE("more silent connections than there may be make room") {
  auto settings = program::quick();
  settings.handshake = ages;
  settings.max_unfinished = 5;
  program home{settings};
  auto url = home.open(home.spawn(library), orchestrator, {node});
  std::vector<intruder> silent;
  for (int i = 0; i < 10; ++i)
    silent.emplace_back(url);

  program guest;
  CHECK(guest.dial(url, node, orchestrator).handle);
  CHECK(home.statistics->refused_for(refusal::too_many_connections) >= 5);
}

TEST_CASE("an address has only so many connections") {
  auto settings = program::quick();
  settings.handshake = ages;
  settings.max_per_address = 3;
  program home{settings};
  auto url = home.open(home.spawn(library), orchestrator, {node});
  std::vector<intruder> silent;
  for (int i = 0; i < 4; ++i)
    silent.emplace_back(url);

  CHECK(silent.back().is_cut());
  CHECK(eventually([&] {
    return home.statistics->refused_for(refusal::too_many_connections) == 1;
  }));
}

TEST_CASE_FIXTURE(fortress, "bombs are hung up on, and take no memory") {
  auto before = resident_bytes();
  auto vector_bomb = raw("@<>+@atom+@charbuf", atom_bits(atom::fetch::value)
                                                 + "\xff\xff\xff\xff\x07"
                                                 + std::string(20, 'x'));
  CHECK(cuts(vector_bomb));
  auto length_bomb = raw("@<>+@atom+@str+@u64", atom_bits(atom::fetch::value)
                                                  + "\xff\xff\xff\xff\x07"
                                                  + std::string(20, 'x'));
  CHECK(cuts(length_bomb));
  std::string nested;
  while (nested.size() < 1'900'000)
    nested += of(std::uint16_t{0}, std::string{"@<>+@message"});
  CHECK(cuts(raw("@<>+@message", nested)));
  auto oversize = std::string{heartbeat()};
  oversize[0] = 2;
  oversize[4] = '\x7f';
  CHECK(cuts(oversize));

  CHECK(home.statistics->refused_in_total() == 4);
  CHECK(resident_bytes() < before + (64u << 20));
  CHECK(serves());
}

TEST_CASE_FIXTURE(fortress, "routed frames and exit messages are hung up on") {
  auto routed = tell(atom::fetch_v, code_id{"known"}, std::uint64_t{0});
  routed.operation = message_type::routed_message;
  CHECK(cuts(routed));
  CHECK(cuts(raw("@<>+@exit", handle(5, them) + of(caf::error{}))));

  CHECK(refused(refusal::routed) == 1);
  CHECK(refused(refusal::not_admitted) + refused(refusal::wrong_receiver) == 1);
  CHECK(serves());
}

TEST_CASE_FIXTURE(fortress, "nobody passes for a server or for ourselves") {
  auto own = home.system().node();
  auto greeting = greeting_of_client();
  greeting.payload = of(own);
  intruder x{url};
  x.send(greeting);
  CHECK(x.is_cut());
  CHECK(refused(refusal::own_node) == 1);
  CHECK(serves());
}

TEST_CASE("a server that answers a dial with garbage is told from ours") {
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
    byte_stream{x.get()}.write(std::string(64, 'x'));
    char buffer[64];
    eventually([&] { return byte_stream{x.get()}.read(buffer) != 0; });
  }};

  auto result = here.dial(url, node, orchestrator);
  server.join();

  CHECK(result.reason == url.substr(7) + ": no program of ours: no_handshake");
}

TEST_CASE("refusals are told, at most once a second") {
  auto settings = program::quick();
  std::atomic<int> lines = 0;
  settings.log = [&](const std::string&) {
    ++lines;
  };
  program home{settings};
  auto url = home.open(home.spawn(library), orchestrator, {node});
  for (int i = 0; i < 20; ++i) {
    intruder x{url};
    x.send(std::string(32, 'x'));
    REQUIRE(x.is_cut());
  }

  CHECK(home.statistics->refused_for(refusal::no_handshake) == 20);
  CHECK(lines >= 1);
  CHECK(lines < 20);
}

} // namespace edgeless
