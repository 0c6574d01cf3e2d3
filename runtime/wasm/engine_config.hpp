// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

struct wasm_engine_t;
struct wasm_trap_t;
struct wasmtime_error;

namespace edgeless {

/// The checks in compiled code.
enum class checks : std::uint8_t {
  /// For a guest that shares its process: whether its time slice is over, and
  /// bounds of its memory.
  interruption,
  /// For a guest in a process of its own: none. Page protection bounds its
  /// memory, which takes 4 GiB of address space; only its process can be
  /// stopped.
  none,
};

/// Makes an engine with the settings that compiled code depends on: the same to
/// compile and to run. The caller deletes it.
wasm_engine_t* new_engine(checks what);

/// Names the engine's version and the settings that compiled code depends on.
/// Code compiled under another tag cannot be loaded.
std::string engine_tag(checks what);

/// The cause of a trap or error in one line; empty if both are null. Deletes
/// both.
std::string take_message(wasm_trap_t* trap, wasmtime_error* error);

/// As take_message(), with the guest's backtrace; at most limits::text.
std::string take_fault(wasm_trap_t* trap, wasmtime_error* error);

} // namespace edgeless
