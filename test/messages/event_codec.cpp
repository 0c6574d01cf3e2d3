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

/// What arrives of a batch: nothing if its bytes are refused.
std::optional<batch> sent(batch x) {
  auto text = bytes::of(x);
  caf::binary_deserializer in{nullptr, text.data(), text.size()};
  batch result;
  if (in(result) || in.remaining() > 0)
    return std::nullopt;
  return result;
}

bool same(const fragment& x, const fragment& y) {
  auto all = [](const fragment& z) {
    auto& c = z.content;
    return std::tie(z.target, z.more, z.source_url, c.source,
                    c.source_component, c.kind, c.call, c.created, c.trace,
                    c.payload, c.after, c.forwarded, c.stream, c.number);
  };
  return all(x) == all(y);
}

void check_sent(const batch& x) {
  auto arrived = sent(x);
  REQUIRE(arrived);
  CHECK(arrived->first == x.first);
  REQUIRE(arrived->fragments.size() == x.fragments.size());
  for (std::size_t i = 0; i < x.fragments.size(); ++i)
    CHECK(same(arrived->fragments[i], x.fragments[i]));
}

} // namespace

TEST_CASE("a batch arrives as it was sent") {
  check_sent({7, {}});
  check_sent({8, {fragment{}}});
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
  check_sent(mixed);
}

TEST_CASE("a cast on the way of the one before takes 13 bytes more") {
  std::vector<fragment> one{cast(1, 1, "0123456789abcdef")};
  auto two = one;
  two.push_back(one.front());
  CHECK(pack(two).size() - pack(one).size() == 16 + 13);
}

TEST_CASE("a batch that lacks a byte, or has one too many, is refused") {
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

TEST_CASE("the first parcel names its way") {
  auto block = pack({cast(1, 1, "a"), cast(1, 1, "b")});
  auto second = block.substr(block.size() - 14);
  fragment_reader in{second};
  fragment x;
  CHECK_FALSE(in.next(x));
}

TEST_CASE("whatever a block says, no more is read than is there") {
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
