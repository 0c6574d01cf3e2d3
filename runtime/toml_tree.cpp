// SPDX-License-Identifier: MIT
#include "runtime/toml_tree.hpp"

#include "messages/errors.hpp"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace edgeless {

namespace {

toml_value convert(const toml::node& node) {
  toml_value result;
  result.line = node.source().begin.line;
  node.visit([&]<class T>(const T& x) {
    if constexpr (toml::is_table<T>) {
      auto& table = result.content.emplace<toml_table>();
      for (auto&& [key, value] : x) {
        auto& item = table[std::string{key.str()}] = convert(value);
        item.line = key.source().begin.line;
      }
    } else if constexpr (toml::is_array<T>) {
      auto& array = result.content.emplace<toml_array>();
      for (auto& item : x)
        array.push_back(convert(item));
    } else if constexpr (toml::is_string<T>) {
      result.content = x.get();
    } else if constexpr (toml::is_integer<T>) {
      result.content = x.get();
    } else if constexpr (toml::is_floating_point<T>) {
      result.content = x.get();
    } else if constexpr (toml::is_boolean<T>) {
      result.content = x.get();
    }
  });
  return result;
}

} // namespace

std::string_view kind_of(const toml_value& x) {
  static constexpr std::string_view names[]
    = {"a date or time", "true or false", "an integer", "a number",
       "a string",       "an array",      "a section"};
  return names[x.content.index()];
}

caf::expected<toml_value> parse_toml(std::string_view text) {
  auto parsed = toml::parse(text);
  if (!parsed) {
    auto& error = parsed.error();
    return fail(ec::bad_input, std::to_string(error.source().begin.line) + ": "
                                 + std::string{error.description()});
  }
  return convert(parsed.table());
}

} // namespace edgeless
