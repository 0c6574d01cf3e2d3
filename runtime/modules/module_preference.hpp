// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/guest.hpp"

#include <optional>
#include <string>
#include <string_view>

/// The isolation that a module asks for, in a custom section
/// (`edgeless.isolation`) that other engines ignore.
namespace edgeless {

/// The custom section with this isolation; to be appended to a module.
std::string preference_section(isolation where);

/// The isolation in a module; nothing without such a section or if the bytes
/// are not a module.
std::optional<isolation> preference_of(std::string_view module);

} // namespace edgeless
