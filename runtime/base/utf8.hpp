// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace edgeless {

/// Whether `text` is valid UTF-8: no overlong forms, no surrogates.
bool is_utf8(std::string_view text);

} // namespace edgeless
