// SPDX-License-Identifier: MIT
#include "runtime/modules/module_preference.hpp"

#include "runtime/modules/module_outline.hpp"
#include "runtime/placement/annotations.hpp"

namespace edgeless {

// All lengths are below 128, so that their LEB128 has one byte.
std::string preference_section(isolation where) {
  std::string_view value = where == isolation::process ? "process" : "shared";
  std::string result;
  result += '\0';
  result += static_cast<char>(1 + isolation_section_name.size() + value.size());
  result += static_cast<char>(isolation_section_name.size());
  result += isolation_section_name;
  result += value;
  return result;
}

std::optional<isolation> preference_of(std::string_view module) {
  std::string ignored;
  auto outline = read_outline(module, ignored);
  return outline && outline->isolation ? parse_isolation(*outline->isolation)
                                       : std::nullopt;
}

} // namespace edgeless
