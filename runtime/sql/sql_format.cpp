// SPDX-License-Identifier: MIT
#include "runtime/sql/sql_format.hpp"

#include "runtime/base/utf8.hpp"
#include "runtime/http/base64.hpp"
#include "runtime/http/message.hpp"

#include "messages/connector_limits.hpp"
#include "messages/errors.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <cmath>

namespace edgeless {

namespace json = boost::json;

namespace {

caf::error malformed(const std::string& why) {
  return fail(ec::bad_input,
              "an event is neither SQL nor {\"sql\": \"...\", \"parameters\": "
              "[...]}: "
                + why);
}

sql_value value_of(const json::value& x) {
  switch (x.kind()) {
  case json::kind::null:
    return std::monostate{};
  case json::kind::bool_:
    return x.get_bool();
  case json::kind::int64:
    return x.get_int64();
  case json::kind::string:
    return std::string{x.get_string()};
  case json::kind::uint64: // beyond int64
  case json::kind::double_:
    return x.to_number<double>();
  default:
    return sql_json{json::serialize(x)};
  }
}

std::string json_text(std::string_view text) {
  return json::serialize(json::string{text});
}

/// Writes values as JSON.
struct json_printer {
  std::string operator()(std::monostate) const {
    return "null";
  }
  std::string operator()(bool x) const {
    return x ? "true" : "false";
  }
  std::string operator()(std::int64_t x) const {
    return std::to_string(x);
  }
  /// The shortest digits with a dot; JSON has no NaN or infinity.
  std::string operator()(double x) const {
    char buffer[32];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, x).ptr;
    std::string result{buffer, end};
    if (!std::isfinite(x))
      return json_text(result);
    return result.find_first_of(".e") == std::string::npos ? result + ".0"
                                                           : result;
  }
  std::string operator()(const std::string& x) const {
    return json_text(is_utf8(x) ? x : to_base64(x));
  }
  std::string operator()(const sql_json& x) const {
    boost::system::error_code problem;
    json::parse(x.text, problem);
    return problem ? (*this)(x.text) : x.text;
  }
  std::string operator()(const sql_bytes& x) const {
    return json_text(to_base64(x.bytes));
  }
};

std::string print_row(const sql_result& x, std::size_t row) {
  std::string result = "{";
  for (std::size_t i = 0; i < x.columns.size(); ++i)
    result += (i == 0 ? "" : ",") + json_text(x.columns[i]) + ":"
              + std::visit(json_printer{}, x.rows[row][i]);
  return result + "}";
}

} // namespace

std::size_t sql_parameter_number(std::string_view name) {
  std::size_t result = 0;
  if (name.size() < 2 || (name[0] != '$' && name[0] != '?'))
    return 0;
  auto [end, problem]
    = std::from_chars(name.data() + 1, name.data() + name.size(), result);
  return problem == std::errc{} && end == name.data() + name.size() ? result
                                                                    : 0;
}

caf::expected<sql_request> parse_sql_request(std::string_view payload,
                                             const std::string& workflow) {
  if (payload.size() > limits::sql_text)
    return malformed("it is larger than 1 MiB");
  if (!is_utf8(payload) || payload.find('\0') != std::string_view::npos)
    return malformed("it is no UTF-8 text");
  auto begin = payload.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos)
    return malformed("it is empty");
  sql_request result;
  result.statement.parameters.emplace_back(workflow);
  if (payload[begin] != '{') {
    result.statement.text = payload;
    return result;
  }
  result.is_plain = false;
  boost::system::error_code problem;
  auto parsed = json::parse(payload, problem);
  if (problem)
    return malformed(problem.message());
  for (auto& [key, value] : parsed.get_object()) {
    if (key == "sql" && value.is_string()) {
      result.statement.text = std::string{value.get_string()};
    } else if (key == "parameters" && value.is_array()) {
      if (value.get_array().size() >= limits::sql_parameters)
        return malformed("it has 1000 parameters or more");
      for (auto& x : value.get_array())
        result.statement.parameters.push_back(value_of(x));
    } else {
      return malformed("\"" + std::string{key} + "\" is unexpected");
    }
  }
  if (result.statement.text.empty())
    return malformed("\"sql\" is missing");
  return result;
}

bool is_repeatable(std::string_view sql) {
  auto begin = sql.find_first_not_of(" \t\r\n(");
  return begin != std::string_view::npos
         && equal_ignoring_case(sql.substr(begin, 6), "select");
}

std::string print_sql_result(const sql_result& x, bool is_plain) {
  if (x.columns.empty() && is_plain)
    return "rows_affected: " + std::to_string(x.affected)
           + ", last_insert_rowid: " + std::to_string(x.last_row) + ".";
  if (x.columns.empty())
    return json::serialize(json::object{{"rows_affected", x.affected},
                                        {"last_insert_rowid", x.last_row}});
  if (is_plain)
    return x.rows.empty()
             ? "no rows returned by a query that expected to return at least "
               "one row"
             : print_row(x, 0);
  std::string result = R"({"rows":[)";
  for (std::size_t i = 0; i < x.rows.size(); ++i)
    result += (i == 0 ? "" : ",") + print_row(x, i);
  return result + "]}";
}

std::string print_sql_refusal(const std::string& reason, bool is_plain) {
  return is_plain ? reason : json::serialize(json::object{{"error", reason}});
}

} // namespace edgeless
