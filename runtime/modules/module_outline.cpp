// SPDX-License-Identifier: MIT
#include "runtime/modules/module_outline.hpp"

#include <cassert>
#include <cstddef>

namespace edgeless {

namespace {

/// Longer signatures are cut off.
constexpr std::size_t signature_max = 24;

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

void read_types(module_reader& in, module_outline& out, std::size_t base) {
  auto count = in.count();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    out.types.push_back(static_cast<std::uint32_t>(base + in.position()));
    // Other types than functions belong to extensions that are not supported.
    if (in.byte() != 0x60)
      return in.fail();
    for (int side = 0; side < 2; ++side)
      for (auto n = in.count(); n > 0 && in.ok(); --n)
        in.value_type();
  }
}

void read_imports(module_reader& in, module_outline& out) {
  auto count = in.count();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    module_outline::import x;
    x.module = in.name();
    x.name = in.name();
    auto kind = in.byte();
    x.what = static_cast<module_outline::kind>(kind);
    switch (kind) {
    case module_outline::function:
      x.index = in.u32();
      out.functions.push_back(x.index);
      break;
    case module_outline::table:
      in.value_type();
      in.limits();
      break;
    case module_outline::memory:
      out.memory_flags = out.memory_flags.value_or(in.limits());
      break;
    case module_outline::global:
      in.value_type();
      in.byte();
      break;
    case module_outline::tag:
      in.byte();
      in.u32();
      break;
    default:
      return in.fail();
    }
    if (in.ok())
      out.imports.push_back(x);
  }
}

void read_exports(module_reader& in, module_outline& out) {
  auto count = in.count();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    module_outline::exported x;
    x.name = in.name();
    auto kind = in.byte();
    x.what = static_cast<module_outline::kind>(kind);
    x.index = in.u32();
    if (kind > module_outline::tag)
      return in.fail();
    if (in.ok())
      out.exports.push_back(x);
  }
}

void read_section(std::uint8_t id, module_reader& in, module_outline& out,
                  std::size_t base) {
  switch (id) {
  case 0: {
    auto custom = in;
    if (custom.name() == isolation_section_name && custom.ok())
      out.isolation = custom.rest();
    return;
  }
  case 1:
    return read_types(in, out, base);
  case 2:
    return read_imports(in, out);
  case 3:
    out.defined_functions = in.count();
    for (auto n = out.defined_functions; n > 0 && in.ok(); --n)
      out.functions.push_back(in.u32());
    return;
  case 5:
    if (in.count() > 0 && !out.memory_flags)
      out.memory_flags = in.limits();
    return;
  case 7:
    return read_exports(in, out);
  case 8:
    out.start = in.u32();
    return;
  case 10:
    out.bodies = in.count();
    return;
  default:
    return;
  }
}

} // namespace

std::optional<std::string>
module_outline::signature_of_type(std::uint32_t index) const {
  if (index >= types.size())
    return std::nullopt;
  module_reader in{bytes, types[index]};
  in.byte();
  auto result = std::make_optional<std::string>();
  for (int side = 0; side < 2; ++side) {
    // No expected signature is longer. A hostile module may refer to a long one
    // very often, so it is cut off, and then matches no expectation.
    for (auto n = in.count(); n > 0 && result->size() <= signature_max; --n)
      result->push_back(in.value_type());
    if (side == 0)
      result->push_back(':');
  }
  return result;
}

std::optional<std::string>
module_outline::signature_of_function(std::uint32_t index) const {
  if (index >= functions.size())
    return std::nullopt;
  return signature_of_type(functions[index]);
}

std::optional<module_outline> read_outline(std::string_view bytes,
                                           std::string& reason) {
  using namespace std::string_view_literals;
  if (!bytes.starts_with("\0asm"sv)) {
    reason = "the bytes are not a WebAssembly module";
    return std::nullopt;
  }
  auto version = bytes.substr(4, 4);
  if (version == "\x0d\0\1\0"sv) {
    reason = "the bytes are a WebAssembly component, expected a core module";
    return std::nullopt;
  }
  if (version != "\1\0\0\0"sv) {
    reason = "the version of WebAssembly is not supported; expected 1";
    return std::nullopt;
  }
  module_outline out;
  out.bytes = bytes;
  module_reader in{bytes, 8};
  unsigned seen = 0;
  while (!in.at_end()) {
    auto begin = in.position();
    auto id = in.byte();
    auto size = in.u32();
    auto base = in.position();
    auto content = in.take(size);
    if (id == 7 || id == 8)
      (id == 7 ? out.export_section : out.start_section)
        = {begin, base, in.position()};
    if (!in.ok()) {
      reason = "the module is truncated";
      return std::nullopt;
    }
    bool repeated = id != 0 && id < 32 && (seen >> id & 1) != 0;
    if (id < 32)
      seen |= 1u << id;
    module_reader section{content};
    read_section(id, section, out, base);
    if (repeated || !section.ok()) {
      reason = "the module's section ";
      reason += std::to_string(id);
      reason += repeated ? " occurs twice" : " cannot be read";
      return std::nullopt;
    }
  }
  if (out.bodies != out.defined_functions) {
    reason = "the module declares ";
    reason += std::to_string(out.defined_functions);
    reason += " functions and has bodies of ";
    reason += std::to_string(out.bodies);
    return std::nullopt;
  }
  return out;
}

std::string export_start(const module_outline& module) {
  auto& exports = module.export_section;
  // The compiler refuses sections in a wrong order.
  if (!module.start || exports.end == 0
      || module.start_section.begin < exports.end)
    return std::string{module.bytes};
  auto put = [](std::string& to, std::size_t value) {
    for (; value > 0x7F; value >>= 7)
      to += static_cast<char>(value | 0x80);
    to += static_cast<char>(value);
  };
  auto part = [&](std::size_t from, std::size_t to) {
    assert(from <= to && to <= module.bytes.size());
    return module.bytes.substr(from, to - from);
  };
  module_reader old{part(exports.content, exports.end)};
  auto count = old.count();
  std::string_view name{start_export};
  std::string content;
  put(content, std::size_t{count} + 1);
  put(content, name.size());
  content += name;
  content += static_cast<char>(module_outline::function);
  put(content, *module.start);
  content += old.rest();
  std::string result{part(0, exports.begin)};
  result += char{7};
  put(result, content.size());
  result += content;
  result += part(exports.end, module.start_section.begin);
  result += part(module.start_section.end, module.bytes.size());
  return result;
}

} // namespace edgeless
