// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>

/// The bounds of captured states, hibernation and checkpoints: a part of
/// limits.hpp.
namespace edgeless::limits {

using namespace std::chrono_literals;

/// Globals that are captured with the state of a guest: AssemblyScript writes
/// some tens, C++ and Rust one.
constexpr std::size_t captured_globals = 4096;
/// The captured state of a function: a larger one would stop it for too long...
constexpr std::size_t snapshot = 256u << 20;
/// ...those that a node keeps while their functions migrate, together...
constexpr std::size_t snapshots = 512u << 20;
/// ...that of a sandbox, which holds it twice while it is captured...
constexpr std::size_t sandbox_snapshot = 32u << 20;
/// ...and what it may need in memory to be hibernated: to copy more costs more
/// than it saves.
constexpr std::size_t hibernated_state = 1u << 20;
/// A function without an event for this long is hibernated, unless the node or
/// the function says otherwise: long enough that a periodic one stays.
constexpr auto hibernate_after = 30s;
/// The state of a function with `state_policy = "Memory"` is saved at most this
/// often, unless its annotation says otherwise: what happened since is lost
/// with its node.
constexpr auto checkpoint = 1s;
/// ...and at least this pause is between two.
constexpr auto checkpoint_min = 10ms;
/// A function that could not be woken, for example since memory is used up, is
/// tried again after this.
constexpr auto wake_retry_pause = 250ms;

} // namespace edgeless::limits
