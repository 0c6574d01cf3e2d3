// SPDX-License-Identifier: MIT
#include "runtime/http/edgeless_json.hpp"

#include "runtime/http/base64.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

namespace edgeless {

namespace {

namespace json = boost::json;

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> methods{
  {{"GET", "Get"},
   {"HEAD", "Head"},
   {"POST", "Post"},
   {"PUT", "Put"},
   {"DELETE", "Delete"},
   {"PATCH", "Patch"}}};

// -- writing ------------------------------------------------------------------

void append_text(std::string& out, std::string_view text) {
  out += json::serialize(json::string_view{text.data(), text.size()});
}

/// A body as numbers, each a byte, or in base64.
void append_body(std::string& out, std::string_view body,
                 http_body_format format) {
  if (format == http_body_format::base64)
    return append_text(out, to_base64(body));
  out.reserve(out.size() + 4 * body.size() + 256);
  out += '[';
  for (unsigned char c : body) {
    char digits[4];
    out.append(digits, std::to_chars(digits, digits + 4, unsigned{c}).ptr);
    out += ',';
  }
  if (!body.empty())
    out.pop_back();
  out += ']';
}

void append_headers(std::string& out, const http_headers& headers) {
  std::map<std::string, std::string> joined;
  for (auto& [name, value] : headers) {
    auto& to = joined[lower_case(name)];
    to += (to.empty() ? "" : ", ") + value;
  }
  out += '{';
  for (auto& [name, value] : joined) {
    append_text(out, name);
    out += ':';
    append_text(out, value);
    out += ',';
  }
  if (!joined.empty())
    out.pop_back();
  out += '}';
}

constexpr std::string_view raw_magic = "raw1\n";

/// Values have no line feeds: the parser of requests refuses them.
void append_raw(std::string& out, const http_headers& headers,
                std::string_view body) {
  for (auto& [name, value] : headers)
    out.append(lower_case(name)).append(1, ':').append(value).append(1, '\n');
  out.append(1, '\n').append(body);
}

// -- reading ------------------------------------------------------------------

/// The members of both formats.
struct members {
  std::map<std::string, std::string, std::less<>> texts; ///< of the object
  http_headers headers;
  std::string body;
  std::optional<std::uint64_t> status;
  http_body_format format = http_body_format::numbers;
};

/// Reads a document without making a value of each number of its body.
class handler {
public:
  static constexpr std::size_t max_array_size = limits::http_body;
  static constexpr std::size_t max_object_size = 1024;
  static constexpr std::size_t max_string_size = limits::payload;
  static constexpr std::size_t max_key_size = limits::http_header;

  members result;

  using code = boost::system::error_code;

  bool on_document_begin(code&) {
    return true;
  }
  bool on_document_end(code&) {
    return true;
  }
  bool on_object_begin(code& e) {
    ++depth_;
    return depth_ == 1 || (depth_ == 2 && member_ == "headers") || refuse(e);
  }
  bool on_object_end(std::size_t, code&) {
    --depth_;
    return true;
  }
  bool on_array_begin(code& e) {
    ++depth_;
    return (depth_ == 2 && member_ == "body") || refuse(e);
  }
  bool on_array_end(std::size_t, code&) {
    --depth_;
    return true;
  }
  bool on_key_part(json::string_view x, std::size_t, code&) {
    part_ += x;
    return true;
  }
  bool on_key(json::string_view x, std::size_t, code&) {
    part_ += x;
    (depth_ == 1 ? member_ : header_) = std::exchange(part_, {});
    return true;
  }
  bool on_string_part(json::string_view x, std::size_t, code&) {
    part_ += x;
    return true;
  }
  bool on_string(json::string_view x, std::size_t, code& e) {
    part_ += x;
    auto text = std::exchange(part_, {});
    if (depth_ == 1 && member_ != "body" && member_ != "headers")
      result.texts[member_] = std::move(text);
    else if (depth_ == 2 && member_ == "headers")
      result.headers.emplace_back(header_, std::move(text));
    else if (depth_ == 1 && member_ == "body")
      return read_base64(text) || refuse(e);
    else
      return refuse(e);
    return true;
  }
  bool on_number_part(json::string_view, code&) {
    return true;
  }
  bool on_int64(std::int64_t x, json::string_view, code& e) {
    return x >= 0 ? on_uint64(static_cast<std::uint64_t>(x), {}, e) : refuse(e);
  }
  bool on_uint64(std::uint64_t x, json::string_view, code& e) {
    if (depth_ == 2 && member_ == "body" && x <= 255)
      result.body += static_cast<char>(x);
    else if (depth_ == 1 && member_ == "status")
      result.status = x;
    else
      return refuse(e);
    return true;
  }
  bool on_double(double, json::string_view, code& e) {
    return refuse(e);
  }
  bool on_bool(bool, code& e) {
    return refuse(e);
  }
  bool on_null(code& e) {
    return (depth_ == 1 && member_ == "body") || refuse(e);
  }
  bool on_comment_part(json::string_view, code&) {
    return true;
  }
  bool on_comment(json::string_view, code&) {
    return true;
  }

private:
  bool read_base64(std::string_view text) {
    auto body = from_base64(text);
    result.format = http_body_format::base64;
    result.body = body.value_or("");
    return body.has_value();
  }
  bool refuse(code& e) const {
    e = json::make_error_code(json::error::syntax);
    return false;
  }

  int depth_ = 0;
  std::string member_; ///< of the document
  std::string header_;
  std::string part_;
};

/// The line at the beginning of `text`, which loses it; nullopt: there is none.
std::optional<std::string_view> take_line(std::string_view& text) {
  auto end = text.find('\n');
  if (end == std::string_view::npos)
    return std::nullopt;
  auto result = text.substr(0, end);
  text.remove_prefix(end + 1);
  return result;
}

caf::expected<members> read_raw(std::string_view text,
                                const std::vector<std::string>& names) {
  members result;
  result.format = http_body_format::raw;
  text.remove_prefix(raw_magic.size());
  auto refuse = [](const char* what) {
    return fail(ec::bad_input, std::string{"raw1: "} + what);
  };
  for (auto& name : names) {
    auto line = take_line(text);
    if (!line)
      return refuse("a line is missing");
    result.texts[name] = *line;
  }
  for (;;) {
    auto line = take_line(text);
    if (!line || result.headers.size() > limits::http_headers)
      return refuse("the empty line behind the headers is missing");
    if (line->empty())
      break;
    auto colon = std::min(line->find(':'), line->size());
    result.headers.emplace_back(
      line->substr(0, colon), line->substr(std::min(colon + 1, line->size())));
  }
  result.body = text;
  std::uint64_t status = 0;
  auto& digits = result.texts["status"];
  auto end = digits.data() + digits.size();
  if (std::from_chars(digits.data(), end, status).ptr == end && !digits.empty())
    result.status = status;
  return result;
}

/// `names`: the lines of a raw head.
caf::expected<members> read(std::string_view text,
                            const std::vector<std::string>& names) {
  if (text.starts_with(raw_magic))
    return read_raw(text, names);
  boost::system::error_code e;
  json::basic_parser<handler> parser{{}};
  auto used = parser.write_some(false, text.data(), text.size(), e);
  if (!e && used != text.size())
    e = json::make_error_code(json::error::extra_data);
  if (e)
    return fail(ec::bad_input, "it is not JSON of edgeless_http at byte "
                                 + std::to_string(used) + ": " + e.message());
  return std::move(parser.handler().result);
}

caf::error check_headers(const http_headers& headers) {
  for (auto& [name, value] : headers)
    if (!is_valid_header(name, value))
      return fail(ec::bad_input, "a header has control characters, or its name "
                                 "is none");
  return caf::none;
}

} // namespace

bool is_edgeless_method(std::string_view method) {
  return std::ranges::any_of(methods,
                             [&](auto& x) { return x.first == method; });
}

std::optional<http_body_format> parse_http_body_format(std::string_view text) {
  if (text.empty() || text == "numbers")
    return http_body_format::numbers;
  if (text == "base64")
    return http_body_format::base64;
  if (text == "raw")
    return http_body_format::raw;
  return std::nullopt;
}

std::string to_http_payload(const http_request& x, http_body_format format) {
  auto i = std::ranges::find(methods, std::string_view{x.method},
                             [](auto& entry) { return entry.first; });
  auto method = i != methods.end() ? i->second : "Get";
  std::string out;
  if (format == http_body_format::raw) {
    out.append(raw_magic).append(method).append("\nUnknown\n");
    out.append(x.host).append(1, '\n').append(x.target).append(1, '\n');
    append_raw(out, x.headers, x.body);
    return out;
  }
  out.append(R"({"method":")").append(method);
  out += R"(","protocol":"Unknown","host":)";
  append_text(out, x.host);
  out += R"(,"path":)";
  append_text(out, x.target);
  out += R"(,"body":)";
  append_body(out, x.body, format);
  out += R"(,"headers":)";
  append_headers(out, x.headers);
  return out + '}';
}

std::string to_http_payload(const http_response& x, http_body_format format) {
  std::string out;
  if (format == http_body_format::raw) {
    out.append(raw_magic).append(std::to_string(x.status)).append(1, '\n');
    append_raw(out, x.headers, x.body);
    return out;
  }
  out = R"({"body":)";
  append_body(out, x.body, format);
  out += R"(,"status":)" + std::to_string(x.status) + R"(,"headers":)";
  append_headers(out, x.headers);
  return out + '}';
}

caf::expected<outgoing_request> request_of_http_payload(std::string_view text) {
  auto found = read(text, {"method", "protocol", "host", "path"});
  if (!found)
    return found.error();
  auto& texts = found->texts;
  auto method = std::ranges::find(methods, std::string_view{texts["method"]},
                                  [](auto& entry) { return entry.second; });
  if (method == methods.end())
    return fail(ec::bad_input, "`method` is none of Get, Head, Post, Put, "
                               "Delete, Patch");
  if (texts["host"].empty())
    return fail(ec::bad_input, "`host` is missing");
  if (auto problem = check_headers(found->headers))
    return problem;
  outgoing_request result;
  result.format = found->format;
  result.url = (texts["protocol"] == "HTTPS" ? "https://" : "http://")
               + texts["host"] + texts["path"];
  auto& x = result.content;
  x.method = method->first;
  x.host = std::move(texts["host"]);
  x.target = std::move(texts["path"]);
  x.headers = std::move(found->headers);
  x.body = std::move(found->body);
  return result;
}

caf::expected<http_response> response_of_http_payload(std::string_view text) {
  auto found = read(text, {"status"});
  if (!found)
    return found.error();
  if (!found->status || *found->status < 200 || *found->status > 599)
    return fail(ec::bad_input, "`status` is not a number from 200 to 599");
  if (auto problem = check_headers(found->headers))
    return problem;
  return http_response{static_cast<unsigned>(*found->status),
                       std::move(found->headers), std::move(found->body)};
}

} // namespace edgeless
