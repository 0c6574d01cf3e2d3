// SPDX-License-Identifier: MIT

#pragma once

/// Bytes as text, by RFC 4648 with padding. Include edgeless.hpp first.

#include "edgeless.hpp"

namespace edgeless {

/// Four letters for each three bytes or the rest of them.
inline string base64(string_view bytes) {
  constexpr string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789+/";
  string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    auto left = bytes.size() - i;
    auto byte = [&](size_t k) {
      return k < left ? uint32_t(uint8_t(bytes[i + k])) : 0;
    };
    auto group = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (size_t k = 0; k < 4; ++k)
      out.push_back(k <= left ? letters[group >> (18 - 6 * k) & 63] : '=');
  }
  return out;
}

namespace detail {

/// The value of a letter; -1 if it is not of the alphabet.
constexpr int value_of_letter(char c) {
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

} // namespace detail

/// Appends the decoded bytes; false if `text` is not base64.
inline bool from_base64(string_view text, string& out) {
  if (text.size() % 4 != 0)
    return false;
  auto end = text.size();
  size_t padding = 0;
  while (padding < 2 && padding < end && text[end - 1 - padding] == '=')
    ++padding;
  out.make_room(end / 4 * 3);
  for (size_t i = 0; i < end; i += 4) {
    uint32_t group = 0;
    for (size_t k = 0; k < 4; ++k) {
      auto value
        = i + k >= end - padding ? 0 : detail::value_of_letter(text[i + k]);
      if (value < 0)
        return false;
      group = group << 6 | uint32_t(value);
    }
    auto bytes = i + 4 == end ? 3 - padding : 3;
    for (size_t k = 0; k < bytes; ++k)
      out.push_back(char(group >> (16 - 8 * k)));
  }
  return true;
}

} // namespace edgeless
