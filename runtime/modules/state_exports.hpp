// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Between two events, when its call stack is empty, the state of a guest is
/// its memory and its globals. A module exports its memory, but not all of its
/// globals: the compile child adds those exports, so that the state of any
/// instance can be captured.
namespace edgeless {

/// Exports that begin with this are reserved.
constexpr std::string_view state_export_prefix = "edgeless.keep";

/// The name under which the memory of a prepared module is exported once more:
/// the sign that its state can be captured.
constexpr std::string_view state_export_sign = "edgeless.keep";

/// The export of the mutable global with this ordinal among those that the code
/// writes, from 0.
std::string state_export_of_global(std::size_t ordinal);

/// The module with these exports. Nothing but the export section differs; no
/// index changes. Nothing, and the reason: it has state that no export can
/// show, or it cannot be read.
std::optional<std::string> export_state(std::string_view module,
                                        std::string& reason);

} // namespace edgeless
