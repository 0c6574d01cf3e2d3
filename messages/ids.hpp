// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace edgeless {

/// A UUID (RFC 4122); `Tag` gives each kind of id a type of its own. The nil id
/// (all bits zero) means "none" and converts to false.
template <class Tag>
struct id {
  std::uint64_t high = 0; ///< the first 8 bytes, big-endian
  std::uint64_t low = 0;  ///< the last 8 bytes, big-endian

  explicit operator bool() const {
    return high != 0 || low != 0;
  }

  friend auto operator<=>(const id&, const id&) = default;
};

template <class Inspector, class Tag>
auto inspect(Inspector& f, id<Tag>& x) {
  return f(x.high, x.low);
}

using node_id = id<struct node_tag>;
/// A component of a workflow, independent of where it runs.
using logical_id = id<struct logical_tag>;
/// One instance of a component; drawn anew at each attempt to start it.
using physical_id = id<struct physical_tag>;
using workflow_id = id<struct workflow_tag>;
/// One membership of a node in its domain. Compared for equality only.
using session_id = id<struct session_tag>;
/// One run of a node, from its start to its exit.
using boot_id = id<struct boot_tag>;

/// A generator of 64 random bits: that of the operating system, or a seeded one
/// in tests.
using random_source = std::function<std::uint64_t()>;

/// The generator of the operating system. Copies may be used by any number of
/// threads at the same time. Throws std::system_error if the kernel refuses.
random_source os_random();

std::string uuid_text(std::uint64_t high, std::uint64_t low);

/// nullopt unless `text` is a UUID, in lower or upper case: in the 8-4-4-4-12
/// form, the same as a URN, or without hyphens.
std::optional<std::pair<std::uint64_t, std::uint64_t>>
parse_uuid(std::string_view text);

/// The UUID in lower case with hyphens.
template <class Tag>
std::string to_string(const id<Tag>& x) {
  return uuid_text(x.high, x.low);
}

/// Parses the form of to_string(), and the others that people write: see
/// parse_uuid().
template <class Id>
std::optional<Id> parse_id(std::string_view text) {
  if (auto bits = parse_uuid(text))
    return Id{bits->first, bits->second};
  return std::nullopt;
}

/// Draws a random (version 4) id.
template <class Id>
Id draw(const random_source& random) {
  auto high = (random() & ~0xF000ULL) | 0x4000ULL;
  auto low = (random() & ~(3ULL << 62)) | (1ULL << 63);
  return Id{high, low};
}

/// The 16 bytes of an id in RFC 4122 order, as guests see them.
std::array<char, 16> uuid_bytes(std::uint64_t high, std::uint64_t low);

template <class Tag>
std::array<char, 16> to_bytes(const id<Tag>& x) {
  return uuid_bytes(x.high, x.low);
}

/// Reads 16 bytes in RFC 4122 order.
template <class Id>
Id from_bytes(const char* bytes) {
  auto word = [&](int at) {
    std::uint64_t x = 0;
    for (int i = 0; i < 8; ++i)
      x = x << 8 | static_cast<unsigned char>(bytes[at + i]);
    return x;
  };
  return Id{word(0), word(8)};
}

} // namespace edgeless

template <class Tag>
struct std::hash<edgeless::id<Tag>> {
  std::size_t operator()(const edgeless::id<Tag>& x) const noexcept {
    return static_cast<std::size_t>(x.high ^ (x.low * 0x9E3779B97F4A7C15ULL));
  }
};
