// SPDX-License-Identifier: MIT
#include "runtime/base/secrets.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace edgeless {

namespace {

constexpr std::string_view mask = "***";

bool names_a_secret(std::string_view key) {
  static constexpr auto words = std::to_array<std::string_view>(
    {"password", "passwd", "passphrase", "secret", "token", "apikey",
     "credential", "privatekey", "accesskey"});
  std::string letters;
  for (unsigned char x : key)
    if (std::isalnum(x) != 0)
      letters += static_cast<char>(std::tolower(x));
  return std::ranges::any_of(
    words, [&](auto word) { return letters.find(word) != std::string::npos; });
}

/// Masks the values of secrets in the query of a URL: ?password=word.
std::string masked_query(std::string_view query) {
  std::string result;
  while (!query.empty()) {
    auto part = query.substr(0, query.find('&', 1));
    query.remove_prefix(part.size());
    auto equals = part.find('=');
    auto key = part.substr(0, equals);
    auto is_secret = equals != std::string_view::npos
                     && (names_a_secret(key) || key.substr(1) == "pass");
    result += is_secret ? std::string{key} + "=" + std::string{mask}
                        : std::string{part};
  }
  return result;
}

} // namespace

std::string masked_urls(std::string_view text) {
  constexpr std::string_view separator = "://";
  std::string result;
  for (;;) {
    auto at = text.find(separator);
    if (at == std::string_view::npos)
      return result += text;
    at += separator.size();
    result += text.substr(0, at);
    text.remove_prefix(at);
    auto end = text.find_first_of("/?# \t\r\n\"',;");
    auto authority = text.substr(0, end);
    if (auto user = authority.rfind('@'); user != std::string_view::npos) {
      result += mask;
      text.remove_prefix(user);
    }
    auto url = text.substr(0, text.find_first_of(" \t\r\n\"'"));
    auto query = std::min(url.find('?'), url.size());
    result += url.substr(0, query);
    result += masked_query(url.substr(query));
    text.remove_prefix(url.size());
  }
}

std::map<std::string, std::string>
masked(std::map<std::string, std::string> settings) {
  for (auto& [key, value] : settings)
    value = names_a_secret(key) ? std::string{mask} : masked_urls(value);
  return settings;
}

} // namespace edgeless
