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

/// A value of a TOML document and its line. Dates and times are not used and
/// become monostate.
struct toml_value {
  std::uint32_t line = 0;
  std::variant<std::monostate, bool, std::int64_t, double, std::string,
               toml_array, toml_table>
    content;
};

/// The kind of a value for error texts, such as "a string".
std::string_view kind_of(const toml_value& x);

/// Reads a document into a table. The error is `LINE: reason`; of a key that is
/// there twice it names both lines.
caf::expected<toml_value> parse_toml(std::string_view text);

} // namespace edgeless
