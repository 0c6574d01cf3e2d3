// SPDX-License-Identifier: MIT
#include "runtime/modules/module_preference.hpp"

#include "runtime/modules/module_reader.hpp"
#include "runtime/placement/annotations.hpp"

namespace edgeless {

namespace {

constexpr std::string_view section_name = "edgeless.isolation";
constexpr std::size_t header_size = 8; ///< magic and version

} // namespace

// All lengths are below 128, so that their LEB128 has one byte.
std::string preference_section(isolation where) {
  std::string_view value = where == isolation::process ? "process" : "shared";
  std::string result;
  result += '\0';
  result += static_cast<char>(1 + section_name.size() + value.size());
  result += static_cast<char>(section_name.size());
  result += section_name;
  result += value;
  return result;
}

std::optional<isolation> preference_of(std::string_view module) {
  std::optional<isolation> result;
  module_reader in{module, header_size};
  while (in.ok() && !in.at_end()) {
    auto kind = in.byte();
    auto content = in.take(in.u32());
    if (kind != 0 || !in.ok())
      continue;
    module_reader section{content};
    if (section.name() == section_name)
      result = parse_isolation(content.substr(section.position()));
  }
  return in.ok() ? result : std::nullopt;
}

} // namespace edgeless
