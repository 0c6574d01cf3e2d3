// SPDX-License-Identifier: MIT
#include "runtime/redis/redis_url.hpp"

#include "runtime/net/url.hpp"

#include "messages/errors.hpp"

#include <sys/un.h>

#include <charconv>
#include <optional>

namespace edgeless {

namespace {

caf::error bad_url(const std::string& what) {
  return fail(ec::bad_input, what
                               + ", not like redis://127.0.0.1:6379 or "
                                 "unix:/run/redis/redis.sock");
}

std::optional<std::string> unescape(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    unsigned char value = 0;
    auto digits = text.substr(i + 1, 2);
    auto [end, error] = std::from_chars(
      digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() < 2 || error != std::errc{}
        || end != digits.data() + digits.size())
      return std::nullopt;
    result += static_cast<char>(value);
    i += 2;
  }
  return result;
}

bool read_number(std::string_view text, std::uint32_t& result) {
  auto [end, error]
    = std::from_chars(text.data(), text.data() + text.size(), result);
  return error == std::errc{} && end == text.data() + text.size();
}

caf::error read_credentials(std::string_view text, redis_url& result) {
  auto colon = text.find(':');
  if (colon == std::string_view::npos)
    return bad_url("a user without :PASSWORD");
  auto user = unescape(text.substr(0, colon));
  auto password = unescape(text.substr(colon + 1));
  if (!user || !password)
    return bad_url("a % in user or password is not followed by two hexadecimal "
                   "digits");
  result.user = std::move(*user);
  result.password = std::move(*password);
  return caf::none;
}

caf::expected<redis_url> read_socket(std::string_view text) {
  redis_url result;
  if (text.starts_with("//"))
    text.remove_prefix(2);
  auto query = text.find('?');
  result.path = text.substr(0, query);
  if (result.path.empty())
    return bad_url("the path of the socket is missing");
  if (result.path.size() >= sizeof(sockaddr_un{}.sun_path))
    return bad_url("the path of the socket is too long for the system");
  auto rest = query == std::string_view::npos ? "" : text.substr(query + 1);
  while (!rest.empty()) {
    auto end = rest.find('&');
    auto item = rest.substr(0, end);
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    auto value
      = unescape(item.substr(std::min(item.find('='), item.size() - 1) + 1));
    if (!value)
      return bad_url("a % is not followed by two hexadecimal digits");
    if (item.starts_with("user="))
      result.user = std::move(*value);
    else if (item.starts_with("pass="))
      result.password = std::move(*value);
    else if (!item.starts_with("db=") || !read_number(*value, result.database))
      return bad_url(
        "after the ? can be db=NUMBER, user=USER and pass=PASSWORD");
  }
  return result;
}

} // namespace

caf::expected<redis_url> parse_redis_url(std::string_view text) {
  for (std::string_view scheme : {"unix:", "redis+unix:"})
    if (text.starts_with(scheme))
      return read_socket(text.substr(scheme.size()));
  constexpr std::string_view scheme = "redis://";
  if (text.starts_with("rediss://"))
    return bad_url("Redis over TLS (rediss://) is not supported");
  if (!text.starts_with(scheme))
    return bad_url("the scheme is neither redis:// nor unix:");
  text.remove_prefix(scheme.size());
  redis_url result;
  auto slash = text.find(
    '/', text.rfind('@') == std::string_view::npos ? 0 : text.rfind('@'));
  auto database = slash == std::string_view::npos ? "" : text.substr(slash + 1);
  if (!database.empty() && !read_number(database, result.database))
    return bad_url("the database is not a number");
  text = text.substr(0, slash);
  if (auto at = text.rfind('@'); at != std::string_view::npos) {
    if (auto problem = read_credentials(text.substr(0, at), result))
      return problem;
    text.remove_prefix(at + 1);
  }
  auto has_port
    = !text.ends_with(']')
      && text.find(':', text.rfind(']') + 1) != std::string_view::npos;
  auto address
    = parse_url("http://" + std::string{text} + (has_port ? "" : ":6379"));
  if (!address || address->port == 0)
    return bad_url("HOST[:PORT] is missing");
  result.host = std::move(address->host);
  result.port = address->port;
  return result;
}

std::string to_string(const redis_url& x) {
  std::string result;
  if (!x.path.empty())
    result = "unix:" + x.path;
  else if (x.host.find(':') != std::string::npos)
    result = "redis://[" + x.host + "]:" + std::to_string(x.port);
  else
    result = "redis://" + x.host + ":" + std::to_string(x.port);
  if (x.database != 0)
    result += (x.path.empty() ? "/" : "?db=") + std::to_string(x.database);
  return result;
}

} // namespace edgeless
