// SPDX-License-Identifier: MIT
#include "messages/event_codec.hpp"

#include "test/fixtures/frame_bytes.hpp"

#include "messages/limits.hpp"

#include <doctest/doctest.h>

#include <random>

namespace edgeless {

namespace {

fragment cast(std::uint64_t source, std::uint64_t target, std::string payload) {
  fragment x;
  x.target = {1, target};
  x.content.source = {{2, 2}, {3, source}};
  x.content.source_component = {4, source};
  x.content.created = 5;
  x.content.payload = std::move(payload);
  return x;
}

/// Encodes and decodes a batch; nullopt if the bytes are refused.
std::optional<batch> round_trip(batch x) {
  auto text = bytes::of(x);
  caf::binary_deserializer in{nullptr, text.data(), text.size()};
  batch result;
  if (in(result) || in.remaining() > 0)
    return std::nullopt;
  return result;
}

bool equal(const fragment& x, const fragment& y) {
  auto all = [](const fragment& z) {
    auto& c = z.content;
    return std::tie(z.target, z.more, z.source_url, c.source,
                    c.source_component, c.kind, c.call, c.created, c.trace,
                    c.payload, c.after, c.forwarded, c.stream, c.number);
  };
  return all(x) == all(y);
}

void check_round_trip(const batch& x) {
  auto decoded = round_trip(x);
  REQUIRE(decoded);
  CHECK(decoded->first == x.first);
  REQUIRE(decoded->fragments.size() == x.fragments.size());
  for (std::size_t i = 0; i < x.fragments.size(); ++i)
    CHECK(equal(decoded->fragments[i], x.fragments[i]));
}

} // namespace

TEST_CASE("event codec: a batch decodes to what was encoded") {
  check_round_trip({7, {}});
  check_round_trip({8, {fragment{}}});
  batch mixed{9,
              {cast(1, 1, "a"), cast(1, 1, "b"), cast(2, 1, ""),
               cast(2, 2, std::string(payload_in_block, 'c')),
               cast(2, 2, std::string(payload_in_block + 1, 'd')),
               cast(2, 2, std::string(limits::part, 'e'))}};
  for (auto kind = 0; kind <= static_cast<int>(last_event_kind); ++kind) {
    mixed.fragments.push_back(cast(3, 3, "kind"));
    mixed.fragments.back().content.kind = static_cast<event_kind>(kind);
  }
  auto& full = mixed.fragments.emplace_back(cast(4, 4, "full"));
  full.more = true;
  full.source_url = "http://192.0.2.1:7002";
  full.content.call = 1;
  full.content.trace = 2;
  full.content.after = 3;
  full.content.stream = 4;
  full.content.number = 5;
  full.content.forwarded = true;
  check_round_trip(mixed);
}

TEST_CASE("event codec: a cast on the equal route as the one before takes 13 "
          "bytes and its payload") {
  std::vector<fragment> one{cast(1, 1, "0123456789abcdef")};
  auto two = one;
  two.push_back(one.front());
  CHECK(pack(two).size() - pack(one).size() == 16 + 13);
}

TEST_CASE("event codec: refuses a batch with a byte missing or too many") {
  batch whole{1, {cast(1, 1, "a"), cast(1, 1, std::string(3000, 'b'))}};
  auto text = bytes::of(whole);
  for (std::size_t n = 0; n < text.size(); ++n) {
    caf::binary_deserializer in{nullptr, text.data(), n};
    batch result;
    CHECK(bool{in(result)});
  }
  auto block = pack(whole.fragments) + 'x';
  fragment_reader in{block};
  fragment x;
  while (in.next(x))
    ;
  CHECK_FALSE(in.done());
}

TEST_CASE("event codec: refuses a first fragment without a route") {
  auto block = pack({cast(1, 1, "a"), cast(1, 1, "b")});
  auto second = block.substr(block.size() - 14);
  fragment_reader in{second};
  fragment x;
  CHECK_FALSE(in.next(x));
}

TEST_CASE("event codec: reads no byte outside a corrupted block") {
  std::mt19937 random{4711};
  auto valid = pack({cast(1, 1, "a"), cast(1, 1, "b"), cast(2, 2, "c")});
  for (int round = 0; round < 20'000; ++round) {
    auto block = valid;
    for (int i = 0; i < 3; ++i)
      block[random() % block.size()] = static_cast<char>(random());
    fragment_reader in{block};
    std::size_t read = 0;
    for (fragment x; in.next(x); x = {}) {
      REQUIRE(x.content.kind <= last_event_kind);
      read += in.payload().size() + x.source_url.size() + 1;
    }
    REQUIRE(read <= block.size());
  }
}

} // namespace edgeless
