// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

/// The sandbox process of one guest. The node's side is process_guest.cpp and
/// supervisor.cpp.
namespace edgeless {

/// If this process was started to run one guest (`--run-guest PARENT`), does so
/// and returns the exit code.
std::optional<int> run_as_guest_child(int argc, char** argv);

/// run_as_compile_child() or run_as_guest_child(). Every program calls this
/// first in its main(), before it has threads.
std::optional<int> run_as_child(int argc, char** argv);

} // namespace edgeless
