// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <string_view>

namespace edgeless {

/// The SHA-256 of `bytes` in lower-case hexadecimal: 64 characters.
code_id sha256(std::string_view bytes);

/// Whether `text` has the form of a result of sha256(), so that it can safely
/// be used as a file name.
bool is_sha256(std::string_view text);

} // namespace edgeless
