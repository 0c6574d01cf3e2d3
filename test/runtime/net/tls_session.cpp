// SPDX-License-Identifier: MIT
#include "runtime/net/tls_session.hpp"

#include "test/fixtures/tls_fixture.hpp"

#include <sys/socket.h>

#include <random>

namespace edgeless {

namespace {

using progress = tls_session::progress;

/// Two sessions over a socket pair.
struct pair_of_sessions : test_authority {
  explicit pair_of_sessions(std::uint64_t records_per_key
                            = tls_records_per_key) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    tls_options options;
    options.records_per_key = records_per_key;
    socket[0] = socket_handle{ends[0]};
    socket[1] = socket_handle{ends[1]};
    session[0]
      = make_context(node_named(1), 1h, options)->dial(peer_role::node);
    session[1]
      = make_context(node_named(2), 1h, options)->accept({peer_role::node});
    for (auto& x : socket) {
      int size = 10'000;
      ::setsockopt(x.get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
  }

  progress handshake(int i) {
    return session[i]->handshake(socket[i].get());
  }

  bool complete_handshake() {
    auto one = progress::wants_read, two = one;
    for (int i = 0; i < 10; ++i) {
      one = handshake(0);
      two = handshake(1);
    }
    return one == progress::done && two == progress::done;
  }

  std::ptrdiff_t write(int i, std::string_view bytes) {
    return session[i]->write(socket[i].get(), bytes);
  }

  /// All bytes that the socket and the session hold now.
  std::string read(int i, std::size_t most = 16384) {
    std::string result;
    std::vector<char> room(most);
    auto n = session[i]->read(socket[i].get(), room);
    while (n > 0) {
      result.append(room.data(), static_cast<std::size_t>(n));
      n = session[i]->read_rest(room);
    }
    return result;
  }

  socket_handle socket[2];
  std::unique_ptr<tls_session> session[2];
};

struct key_update_pair : pair_of_sessions {
  key_update_pair() : pair_of_sessions{0} {
    // nop
  }
};

/// Both sessions write and read `size` random bytes in random order.
void exchange(pair_of_sessions& x, std::size_t size) {
  std::mt19937 random{42};
  std::string sent[2], received[2];
  std::size_t gone[2] = {0, 0};
  for (auto& text : sent)
    for (std::size_t i = 0; i < size; i += 4)
      text.append({static_cast<char>(random()), static_cast<char>(i >> 16),
                   static_cast<char>(i >> 8), static_cast<char>(i)});
  for (int turns = 0; turns < 100'000; ++turns) {
    auto i = static_cast<int>(random() % 2);
    if (random() % 2 == 0) {
      auto rest = std::string_view{sent[i]}.substr(gone[i]);
      auto n = x.write(i, rest.substr(0, 1 + random() % 300'000));
      REQUIRE(n >= 0);
      gone[i] += static_cast<std::size_t>(n);
    } else {
      received[i] += x.read(i, 1 + random() % 20'000);
    }
    if (received[0].size() == size && received[1].size() == size)
      break;
  }
  CHECK(gone[0] == size);
  CHECK(received[0] == sent[1]);
  CHECK(received[1] == sent[0]);
}

} // namespace

TEST_CASE_FIXTURE(pair_of_sessions,
                  "tls session: each side learns the identity of its peer") {
  REQUIRE(complete_handshake());

  CHECK(session[0]->peer() == node_named(2));
  CHECK(session[1]->peer() == node_named(1));
}

TEST_CASE_FIXTURE(pair_of_sessions,
                  "tls session: written bytes are read by the peer") {
  REQUIRE(complete_handshake());

  CHECK(write(0, "hello") == 5);
  CHECK(read(1) == "hello");
  CHECK(read(1) == "");
  CHECK(session[1]->verdict() == refusal::none);
}

TEST_CASE_FIXTURE(pair_of_sessions,
                  "tls session: read_rest returns all records received") {
  REQUIRE(complete_handshake());
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    expected += std::to_string(i) + " ";
    REQUIRE(write(0, std::to_string(i) + " ") > 0);
  }

  CHECK(read(1, 1) == expected);
}

TEST_CASE_FIXTURE(pair_of_sessions,
                  "tls session: write counts bytes when all of them are sent") {
  REQUIRE(complete_handshake());
  std::string large(100'000, 'x');

  CHECK(write(0, large) == 0); // the socket is full
  std::string received;
  std::ptrdiff_t gone = 0;
  while (gone == 0) {
    received += read(1);
    gone = write(0, large);
  }
  received += read(1);

  CHECK(gone == 100'000);
  CHECK(received == large);
}

TEST_CASE_FIXTURE(pair_of_sessions,
                  "tls session: both sides write at the same time") {
  REQUIRE(complete_handshake());
  exchange(*this, 4u << 20);
}

TEST_CASE_FIXTURE(key_update_pair,
                  "tls session: key updates in every record lose no bytes") {
  REQUIRE(complete_handshake());
  exchange(*this, 1u << 20);
}

TEST_CASE_FIXTURE(pair_of_sessions,
                  "tls session: a forged record ends the session") {
  REQUIRE(complete_handshake());
  // A record that the peer's session did not encrypt.
  REQUIRE(::send(socket[0].get(),
                 "\x17\x03\x03\0\x20"
                 "01234567890123456789012345678901",
                 37, 0)
          == 37);

  char room[100];
  CHECK(session[1]->read(socket[1].get(), room) == -1);
}

TEST_CASE_FIXTURE(
  pair_of_sessions,
  "tls session: read tells a closed connection from an idle one") {
  REQUIRE(complete_handshake());
  char room[100];
  REQUIRE(session[1]->read(socket[1].get(), room) == 0);

  socket[0] = {};

  CHECK(session[1]->read(socket[1].get(), room) == -1);
  CHECK(write(1, "too late") == -1);
}

} // namespace edgeless
