// SPDX-License-Identifier: MIT
#include "runtime/cipher_preference.hpp"

namespace edgeless {

const char* cipher_preference() {
  return nullptr;
}

} // namespace edgeless
