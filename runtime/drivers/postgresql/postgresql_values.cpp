// SPDX-License-Identifier: MIT
#include "runtime/drivers/postgresql/postgresql_values.hpp"

#include <charconv>
#include <cmath>

namespace edgeless {

namespace {

// The OIDs of pg_type, which never change.
constexpr unsigned of_bool = 16;
constexpr unsigned of_bytea = 17;
constexpr unsigned of_int8 = 20;
constexpr unsigned of_int2 = 21;
constexpr unsigned of_int4 = 23;
constexpr unsigned of_oid = 26;
constexpr unsigned of_json = 114;
constexpr unsigned of_float4 = 700;
constexpr unsigned of_float8 = 701;
constexpr unsigned of_numeric = 1700;
constexpr unsigned of_jsonb = 3802;

/// The text, if it is no number of that type, such as NaN or 1e400.
template <class T>
sql_value number_of(std::string_view text) {
  T result{};
  auto [end, problem]
    = std::from_chars(text.data(), text.data() + text.size(), result);
  if (problem == std::errc{} && end == text.data() + text.size())
    return result;
  return std::string{text};
}

int digit_of(char x) {
  return x >= '0' && x <= '9'   ? x - '0'
         : x >= 'a' && x <= 'f' ? x - 'a' + 10
                                : -1;
}

/// \x68656c6c6f
sql_value bytes_of(std::string_view text) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0)
    return std::string{text};
  sql_bytes result;
  for (std::size_t i = 2; i < text.size(); i += 2) {
    auto high = digit_of(text[i]);
    auto low = digit_of(text[i + 1]);
    if (high < 0 || low < 0)
      return std::string{text};
    result.bytes.push_back(static_cast<char>(high << 4 | low));
  }
  return result;
}

struct text_maker {
  using text = std::optional<std::string>;

  text operator()(std::monostate) const {
    return std::nullopt;
  }
  text operator()(bool x) const {
    return x ? "true" : "false";
  }
  text operator()(std::int64_t x) const {
    return std::to_string(x);
  }
  text operator()(double x) const {
    char buffer[32];
    auto [end, problem] = std::to_chars(buffer, buffer + sizeof buffer, x);
    return std::string{buffer, problem == std::errc{} ? end : buffer};
  }
  text operator()(const std::string& x) const {
    return x;
  }
  text operator()(const sql_json& x) const {
    return x.text;
  }
  text operator()(const sql_bytes& x) const {
    std::string result = "\\x";
    for (unsigned char c : x.bytes) {
      result += "0123456789abcdef"[c >> 4];
      result += "0123456789abcdef"[c & 15];
    }
    return result;
  }
};

} // namespace

sql_value value_of_postgresql(unsigned type, std::string_view text) {
  switch (type) {
  case of_bool:
    return text == "t";
  case of_int2:
  case of_int4:
  case of_int8:
  case of_oid:
    return number_of<std::int64_t>(text);
  case of_float4:
  case of_float8:
  case of_numeric:
    return number_of<double>(text);
  case of_json:
  case of_jsonb:
    return sql_json{std::string{text}};
  case of_bytea:
    return bytes_of(text);
  default:
    return std::string{text};
  }
}

std::optional<std::string> text_for_postgresql(const sql_value& x) {
  return std::visit(text_maker{}, x);
}

} // namespace edgeless
