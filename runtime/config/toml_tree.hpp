// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace edgeless {

struct toml_value;
using toml_array = std::vector<toml_value>;
using toml_table = std::map<std::string, toml_value, std::less<>>;

/// A value of a TOML document and the line where it stands. Dates and times
/// are not needed by anybody: they read as monostate.
struct toml_value {
  std::uint32_t line = 0;
  std::variant<std::monostate, bool, std::int64_t, double, std::string,
               toml_array, toml_table>
    content;
};

/// Such as "a string"; for messages.
std::string_view kind_of(const toml_value& x);

/// Reads a document into a table. The error is `LINE: what is wrong`.
caf::expected<toml_value> parse_toml(std::string_view text);

} // namespace edgeless
