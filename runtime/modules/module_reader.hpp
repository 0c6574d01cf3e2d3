// SPDX-License-Identifier: MIT
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace edgeless {

/// Reads the binary format of WebAssembly: forward, and never beyond the end.
/// After a failure ok() is false and every read returns zero.
class module_reader {
public:
  explicit module_reader(std::string_view bytes, std::size_t at = 0)
    : bytes_{bytes}, at_{at} {
    // nop
  }

  bool ok() const {
    return ok_;
  }

  bool at_end() const {
    return at_ >= bytes_.size();
  }

  std::size_t position() const {
    return at_;
  }

  void fail() {
    ok_ = false;
    at_ = bytes_.size();
  }

  std::uint8_t byte() {
    if (at_end()) {
      fail();
      return 0;
    }
    return static_cast<std::uint8_t>(bytes_[at_++]);
  }

  /// An unsigned LEB128 of at most `bits` bits.
  std::uint64_t number(int bits) {
    std::uint64_t result = 0;
    for (int shift = 0; shift < bits; shift += 7) {
      auto x = byte();
      result |= std::uint64_t{x & 0x7Fu} << shift;
      if ((x & 0x80) == 0)
        return result;
    }
    fail();
    return 0;
  }

  std::uint32_t u32() {
    return static_cast<std::uint32_t>(number(32));
  }

  /// A count of entries that each take at least one byte.
  std::uint32_t count() {
    auto result = u32();
    if (result > entries_max || result > bytes_.size() - at_)
      fail();
    return ok_ ? result : 0;
  }

  /// The next `size` bytes.
  std::string_view take(std::size_t size) {
    assert(at_ <= bytes_.size());
    if (size > bytes_.size() - at_) {
      fail();
      return {};
    }
    auto result = bytes_.substr(at_, size);
    at_ += size;
    return result;
  }

  std::string_view name() {
    return take(u32());
  }

  std::string_view rest() const {
    return bytes_.substr(at_);
  }

  /// The letter of a value type.
  char value_type() {
    auto code = byte();
    if (code >= 0x69 && code <= 0x74)
      return 'r'; // abbreviated reference types: exnref, ..., funcref, ...
    switch (code) {
    case 0x7F:
      return 'i';
    case 0x7E:
      return 'I';
    case 0x7D:
      return 'f';
    case 0x7C:
      return 'F';
    case 0x7B:
      return 'v';
    case 0x63: // (ref null heap-type)
    case 0x64: // (ref heap-type)
      number(35);
      return 'r';
    default:
      fail();
      return '?';
    }
  }

  /// Skips the limits of a table or memory, and returns their flags.
  std::uint8_t limits() {
    auto flags = byte();
    number(64);
    if (flags & 1)
      number(64);
    if (flags & 8)
      u32(); // log2 of the page size
    return flags;
  }

private:
  /// The compiler's own bound on types, functions, imports and exports. It
  /// keeps the outline of a hostile module in proportion to the module.
  static constexpr std::uint32_t entries_max = 1'000'000;

  std::string_view bytes_;
  std::size_t at_;
  bool ok_ = true;
};

/// Appends an unsigned LEB128.
inline void put_leb(std::string& to, std::size_t value) {
  for (; value > 0x7F; value >>= 7)
    to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}

} // namespace edgeless
