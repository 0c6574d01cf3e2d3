// SPDX-License-Identifier: MIT
#include "runtime/state/function_snapshot.hpp"

#include "runtime/base/sha256.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

function_snapshot sample() {
  function_snapshot x;
  x.code = sha256("module");
  x.delayed = {{0ms, "self", "now"}, {1500ms, "out", "later\0!"s}};
  x.guest.memory = 2 * 65536;
  x.guest.globals = {{0, {1, 2, 3, 4}}, {4, {9, 8, 7, 6, 5, 4, 3, 2}}};
  x.guest.lines = {"unfinished", ""};
  x.guest.monotonic = 123456789;
  x.guest.captured_at = 1u << 30;
  x.guest.runs = "\x40\0\0\0\3\0\0\0abc"s;
  return x;
}

std::string refusal(std::string_view bytes) {
  auto x = decode_snapshot(bytes);
  return x ? "" : explain(x.error());
}

/// With a checksum that is right.
std::string sealed(std::string bytes) {
  return bytes + sha256(bytes);
}

} // namespace

TEST_CASE("snapshot: what is decoded is what was encoded") {
  auto x = sample();
  auto bytes = encode_snapshot(x);
  auto y = decode_snapshot(bytes);
  REQUIRE_MESSAGE(y, explain(y.error()));
  CHECK(*y == x);
  CHECK(encode_snapshot(*y) == bytes);
}

TEST_CASE("snapshot: the format is the documented one") {
  function_snapshot x;
  x.code = sha256("m");
  auto expected = "EDGELESS\1\0\0\0"s + x.code + std::string(4, '\0')
                  + std::string(24, '\0') + std::string(12, '\0')
                  + std::string(8, '\0');
  CHECK(encode_snapshot(x) == sealed(expected));
}

TEST_CASE("snapshot: damage anywhere is found") {
  auto bytes = encode_snapshot(sample());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    CHECK(!decode_snapshot(damaged));
    CHECK(!decode_snapshot(bytes.substr(0, i)));
  }
}

TEST_CASE("snapshot: the reason says what is wrong") {
  auto is = "this is no snapshot of a function: "s;
  CHECK(refusal("x") == is + "it does not begin with EDGELESS");
  auto bytes = encode_snapshot(sample());
  auto body = bytes.substr(0, bytes.size() - 64);
  auto other = body;
  other[8] = 2;
  CHECK(refusal(sealed(other)) == is + "it has version 2, expected 1");
  CHECK(refusal(body + std::string(64, '0'))
        == is + "its checksum is wrong: it is damaged or truncated");
  CHECK(refusal(sealed(body + "x")) == is + "it is malformed");
}

TEST_CASE("snapshot: what exceeds a limit is refused, although its checksum is "
          "right") {
  auto check = [](auto change) {
    auto x = sample();
    change(x);
    CHECK(!decode_snapshot(encode_snapshot(x)));
  };
  check([](auto& x) { x.guest.memory += 1; });
  check([](auto& x) { x.guest.memory = limits::guest_memory + 65536; });
  check([](auto& x) { x.guest.memory = 0; }); // a run is beyond it
  check([](auto& x) { x.guest.globals[0].kind = 5; });
  check([](auto& x) { x.guest.globals.resize(limits::captured_globals + 1); });
  check([](auto& x) { x.guest.lines[1].resize(limits::log_text + 1, 'x'); });
  check([](auto& x) { x.delayed.resize(limits::delayed_casts + 1); });
  check([](auto& x) { x.delayed[0].channel = "\xFF"; });
  check([](auto& x) { x.delayed[0].remaining = limits::delay + 1ms; });
  check([](auto& x) { x.code = "not a hash"; });
}
