// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Base64 by RFC 4648, with padding.
namespace edgeless {

std::string to_base64(std::string_view bytes);

/// nullopt: the text is not base64.
std::optional<std::string> from_base64(std::string_view text);

} // namespace edgeless
