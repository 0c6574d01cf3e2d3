// SPDX-License-Identifier: MIT
#include "runtime/http/base64.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cctype>

namespace edgeless {

namespace {

const unsigned char* raw(std::string_view x) {
  return reinterpret_cast<const unsigned char*>(x.data());
}

unsigned char* raw(std::string& x) {
  return reinterpret_cast<unsigned char*>(x.data());
}

bool is_letter(unsigned char c) {
  return std::isalnum(c) != 0 || c == '+' || c == '/';
}

} // namespace

std::string to_base64(std::string_view bytes) {
  std::string result((bytes.size() + 2) / 3 * 4 + 1, '\0');
  auto size
    = EVP_EncodeBlock(raw(result), raw(bytes), static_cast<int>(bytes.size()));
  result.resize(static_cast<std::size_t>(size));
  return result;
}

std::optional<std::string> from_base64(std::string_view text) {
  // OpenSSL ignores space around the text, and counts padding as zero bytes.
  auto padding = text.ends_with("==") ? 2u : text.ends_with('=') ? 1u : 0u;
  if (text.size() % 4 != 0
      || !std::ranges::all_of(text.substr(0, text.size() - padding), is_letter))
    return std::nullopt;
  std::string result(text.size() / 4 * 3, '\0');
  auto size
    = EVP_DecodeBlock(raw(result), raw(text), static_cast<int>(text.size()));
  if (size < 0)
    return std::nullopt;
  result.resize(static_cast<std::size_t>(size) - padding);
  return result;
}

} // namespace edgeless
