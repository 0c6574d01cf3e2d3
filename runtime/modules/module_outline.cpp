// SPDX-License-Identifier: MIT
#include "runtime/modules/module_outline.hpp"

#include "runtime/modules/module_reader.hpp"

#include <cassert>
#include <cstddef>

namespace edgeless {

namespace {

/// Longer signatures are cut off.
constexpr std::size_t signature_max = 24;

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
  auto part = [&](std::size_t from, std::size_t to) {
    assert(from <= to && to <= module.bytes.size());
    return module.bytes.substr(from, to - from);
  };
  module_reader old{part(exports.content, exports.end)};
  auto count = old.count();
  std::string_view name{start_export};
  std::string content;
  put_leb(content, std::size_t{count} + 1);
  put_leb(content, name.size());
  content += name;
  content += static_cast<char>(module_outline::function);
  put_leb(content, *module.start);
  content += old.rest();
  std::string result{part(0, exports.begin)};
  result += char{7};
  put_leb(result, content.size());
  result += content;
  result += part(exports.end, module.start_section.begin);
  result += part(module.start_section.end, module.bytes.size());
  return result;
}

} // namespace edgeless
