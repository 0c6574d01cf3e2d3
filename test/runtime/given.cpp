// SPDX-License-Identifier: MIT
#include "test/runtime/given.hpp"

namespace edgeless::test {

std::filesystem::path guests_folder() {
  return GUESTS_DIR;
}

std::filesystem::path conf_folder() {
  return EDGELESS_CONF_DIR;
}

std::filesystem::path fake_guest() {
  return FAKE_GUEST;
}

} // namespace edgeless::test
