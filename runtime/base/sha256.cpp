// SPDX-License-Identifier: MIT
#include "runtime/base/sha256.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace edgeless {

code_id sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  // Fails only if OpenSSL was built without SHA-256; then the result is empty
  // and matches no id.
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(),
             nullptr);
  code_id result;
  result.reserve(2 * size);
  for (unsigned i = 0; i < size; ++i) {
    result += "0123456789abcdef"[digest[i] >> 4];
    result += "0123456789abcdef"[digest[i] & 15];
  }
  return result;
}

bool is_sha256(std::string_view text) {
  auto hex = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  };
  return text.size() == 64 && std::all_of(text.begin(), text.end(), hex);
}

} // namespace edgeless
