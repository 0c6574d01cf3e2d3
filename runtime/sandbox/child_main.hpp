// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

/// What happens in the process of a guest. Its node is in process_guest.cpp
/// and sandbox_supervisor.cpp.
namespace edgeless {

/// If this process was started to run one guest (`--run-guest PARENT`), does so
/// and returns the code to exit with.
std::optional<int> run_as_guest_child(int argc, char** argv);

/// run_as_compile_child() or run_as_guest_child(). Every program calls this
/// first in its main(), before it has threads.
std::optional<int> run_as_child(int argc, char** argv);

} // namespace edgeless
