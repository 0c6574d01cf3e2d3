// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

struct wasm_engine_t;
struct wasm_trap_t;
struct wasmtime_error;

namespace edgeless {

/// What compiled code asks while it runs.
enum class checks : std::uint8_t {
  /// Whether its time slice is over: it shares its process.
  interruption,
  /// Nothing; nor where its memory ends, which the hardware knows. It takes
  /// 4 GiB of addresses, and ends only by itself or with its process.
  none,
};

/// An engine with our settings: the same for those who compile and those who
/// run. Owned by the caller.
wasm_engine_t* new_engine(checks what);

/// Names the engine's version and the settings that compiled code depends on:
/// code compiled under another tag is of no use.
std::string engine_tag(checks what);

/// What happened, in one line; deletes what it is given. Empty if both are
/// null.
std::string take_message(wasm_trap_t* trap, wasmtime_error* error);

/// As take_message(), with the guest's backtrace; at most limits::text.
std::string take_fault(wasm_trap_t* trap, wasmtime_error* error);

} // namespace edgeless
