// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

/// Parses the text files of /proc, whose words are separated by any amount of
/// white space.
namespace edgeless {

/// Removes the first line from `text` and returns it without its end.
inline std::string_view take_line(std::string_view& text) {
  auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return line;
}

/// Removes the first word from `text` and returns it; empty if there is none.
inline std::string_view take_word(std::string_view& text) {
  constexpr std::string_view blank = " \t\n";
  text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
  auto word = text.substr(0, text.find_first_of(blank));
  text.remove_prefix(word.size());
  return word;
}

/// The number at the beginning of `text`, after blanks.
inline std::optional<std::uint64_t> leading_number(std::string_view text) {
  auto word = take_word(text);
  std::uint64_t result = 0;
  auto [_, error]
    = std::from_chars(word.data(), word.data() + word.size(), result);
  if (error != std::errc{})
    return std::nullopt;
  return result;
}

/// The value of the first line `key : value` of `text`.
inline std::optional<std::string_view> value_of(std::string_view text,
                                                std::string_view key) {
  constexpr std::string_view blank = " \t";
  while (!text.empty()) {
    auto line = take_line(text);
    if (!line.starts_with(key))
      continue;
    line.remove_prefix(key.size());
    auto colon = line.find_first_not_of(blank);
    if (colon == line.npos || line[colon] != ':')
      continue;
    line.remove_prefix(colon + 1);
    line.remove_prefix(std::min(line.find_first_not_of(blank), line.size()));
    return line;
  }
  return std::nullopt;
}

} // namespace edgeless
