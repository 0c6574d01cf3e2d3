// SPDX-License-Identifier: MIT
#include "runtime/base/utf8.hpp"

#include <cstddef>

namespace edgeless {

bool is_utf8(std::string_view text) {
  auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  for (std::size_t i = 0; i < text.size();) {
    auto first = at(i);
    std::size_t size = first < 0x80                     ? 1
                       : first >= 0xC2 && first <= 0xDF ? 2
                       : first >= 0xE0 && first <= 0xEF ? 3
                       : first >= 0xF0 && first <= 0xF4 ? 4
                                                        : 0;
    if (size == 0)
      return false;
    for (std::size_t k = 1; k < size; ++k)
      if ((at(i + k) & 0xC0) != 0x80)
        return false;
    auto second = at(i + 1);
    // Overlong forms, surrogates, beyond U+10FFFF.
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)
        || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
      return false;
    i += size;
  }
  return true;
}

} // namespace edgeless
