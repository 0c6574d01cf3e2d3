// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/guest.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What a module asks of nodes: a custom section says it, which engines that
/// do not know it skip.
namespace edgeless {

/// To be appended to a module: it likes to run there.
std::string preference_section(isolation where);

/// Nothing if a module does not say, or is none.
std::optional<isolation> preference_of(std::string_view module);

} // namespace edgeless
