// SPDX-License-Identifier: MIT
#include "runtime/http/access_log.hpp"

#include "runtime/base/log.hpp"

#include <memory>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

/// A value without spaces and quotes; "-": it is empty.
std::string field(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  if (text.empty())
    return "-";
  std::string result;
  for (unsigned char c : text.substr(0, limits::http_log_field))
    if (c > 0x20 && c < 0x7F && c != '"' && c != '\\')
      result += static_cast<char>(c);
    else
      (result += "\\x").append({digits[c >> 4], digits[c & 15]});
  if (text.size() > limits::http_log_field)
    result += "...";
  return result;
}

/// How many lines may still be logged in this second.
struct line_budget {
  clock::time_point begin{};
  std::uint64_t lines = 0;
  std::uint64_t omitted = 0;

  bool take() {
    auto now = clock::now();
    if (now - begin >= std::chrono::seconds{1}) {
      begin = now;
      lines = 0;
    }
    auto is_spent = lines >= limits::http_log_lines;
    ++(is_spent ? omitted : lines);
    return !is_spent;
  }
};

} // namespace

std::optional<access_log_mode> parse_access_log_mode(std::string_view text) {
  if (text == "none")
    return access_log_mode::none;
  if (text == "errors")
    return access_log_mode::errors;
  if (text == "all")
    return access_log_mode::all;
  return std::nullopt;
}

std::string access_line(const http_access& x) {
  using milliseconds = std::chrono::duration<double, std::milli>;
  std::string result = "request client=" + field(x.client);
  auto add = [&](const char* key, std::string_view value) {
    result.append(1, ' ').append(key).append(1, '=').append(field(value));
  };
  add("method", x.method);
  add("host", x.host);
  add("target", x.target);
  add("status", std::to_string(x.status));
  add("bytes", std::to_string(x.bytes));
  add("ms", std::to_string(milliseconds{x.time}.count()));
  add("workflow", x.workflow);
  add("id", x.request_id);
  add("agent", x.agent);
  return result;
}

std::function<void(const http_access&)> access_log(access_log_mode mode) {
  if (mode == access_log_mode::none)
    return {};
  return [mode,
          budget = std::make_shared<line_budget>()](const http_access& x) {
    if ((mode == access_log_mode::errors && x.status < 400) || !budget->take())
      return;
    auto omitted = std::exchange(budget->omitted, 0);
    log_info("http", access_line(x), omitted > 0 ? " omitted_lines=" : "",
             omitted > 0 ? std::to_string(omitted) : "");
  };
}

} // namespace edgeless
