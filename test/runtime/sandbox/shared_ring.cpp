// SPDX-License-Identifier: MIT
#include "runtime/sandbox/shared_ring.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>
#include <thread>

using namespace edgeless;

namespace {

/// The byte at this offset of the test stream.
char byte_at(std::uint64_t at) {
  return static_cast<char>(at * 31 + at / 251);
}

} // namespace

TEST_CASE("shared ring: bytes of one thread reach another in order, in pieces "
          "of any size") {
  constexpr std::uint64_t total = 20 * shared_ring::size + 7;
  auto ring = std::make_unique<shared_ring>();
  std::jthread writing{[&] {
    std::mt19937 random{1};
    ring_writer out{*ring};
    for (std::uint64_t sent = 0; sent < total;) {
      std::string piece(std::min<std::uint64_t>(random() % 5000, total - sent),
                        ' ');
      for (std::size_t i = 0; i < piece.size(); ++i)
        piece[i] = byte_at(sent + i);
      sent += *out.put(piece);
      out.commit();
    }
  }};
  std::mt19937 random{2};
  ring_reader in{*ring};
  std::uint64_t wrong = 0;
  for (std::uint64_t read = 0; read < total;) {
    auto n = std::min<std::uint32_t>(*in.available(), random() % 5000);
    std::string piece(n, ' ');
    in.take(piece.data(), n);
    for (std::size_t i = 0; i < n; ++i)
      wrong += piece[i] != byte_at(read + i);
    read += n;
  }
  CHECK(wrong == 0);
}

TEST_CASE("shared ring: an impossible position of the peer is detected") {
  auto ring = std::make_unique<shared_ring>();
  ring_writer out{*ring};
  ring_reader in{*ring};
  REQUIRE(out.put("abc") == 3);
  out.commit();
  REQUIRE(in.available() == 3u);

  ring->head = shared_ring::size + 1;
  CHECK(!in.available(4));
  ring->tail = 4;
  CHECK(!out.room());
  CHECK(!out.put(std::string(shared_ring::size, 'd')));
}

TEST_CASE("shared ring: a full ring accepts nothing until bytes are read") {
  auto ring = std::make_unique<shared_ring>();
  ring_writer out{*ring};
  ring_reader in{*ring};
  REQUIRE(out.put(std::string(shared_ring::size + 1, 'x'))
          == shared_ring::size);
  CHECK(out.put("y") == 0);
  out.commit();
  REQUIRE(in.available() == shared_ring::size);

  char taken[2];
  in.take(taken, 2);
  CHECK(out.put("yyy") == 2);
}

TEST_CASE("shared ring: bytes are visible once committed, and not before") {
  auto ring = std::make_unique<shared_ring>();
  ring_writer out{*ring};
  ring_reader in{*ring};
  out.put("head");
  out.put("body");
  CHECK(in.available() == 0u);

  out.commit();
  CHECK(in.available(8) == 8u);
}

TEST_CASE("shared ring: peek() gives bytes in place if they are contiguous") {
  auto ring = std::make_unique<shared_ring>();
  ring_writer out{*ring};
  ring_reader in{*ring};
  out.put("abc");
  out.commit();
  CHECK(!in.peek(4));
  REQUIRE(in.peek(3) == "abc");

  in.skip(3);
  // Wraps around: the last byte of the ring, and its first two.
  out.put(std::string(shared_ring::size - 4, 'x') + "def");
  out.commit();
  in.skip(shared_ring::size - 4);
  CHECK(in.peek(1) == "d");
  CHECK(!in.peek(3));
  char taken[3];
  in.take(taken, 3);
  CHECK(std::string_view{taken, 3} == "def");
}
