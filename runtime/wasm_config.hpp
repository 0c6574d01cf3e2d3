// SPDX-License-Identifier: MIT
#pragma once

#include <string>

struct wasm_engine_t;
struct wasm_trap_t;
struct wasmtime_error;

namespace edgeless {

/// An engine with our settings: the same for those who compile and those who
/// run. Owned by the caller.
wasm_engine_t* new_engine();

/// Names the engine's version and the settings that compiled code depends on:
/// code compiled under another tag is of no use.
std::string engine_tag();

/// What happened, in one line; deletes what it is given. Empty if both are
/// null.
std::string take_message(wasm_trap_t* trap, wasmtime_error* error);

/// As take_message(), with the guest's backtrace; at most limits::text.
std::string take_fault(wasm_trap_t* trap, wasmtime_error* error);

} // namespace edgeless
