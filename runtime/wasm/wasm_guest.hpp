// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/engine_core.hpp"

namespace edgeless {

/// A compiled module, shared by its instances.
struct wasm_module {
  explicit wasm_module(engine_core_ptr shared) : core{std::move(shared)} {
    // nop
  }

  wasm_module(const wasm_module&) = delete;
  wasm_module& operator=(const wasm_module&) = delete;
  ~wasm_module();

  engine_core_ptr core;
  wasmtime_module* module = nullptr;
  /// The module with resolved imports; null if it imports call_asm or
  /// call_raw_asm, which every instance gets from its own caller.wat.
  wasmtime_instance_pre* linked = nullptr;
};

using wasm_module_ptr = std::shared_ptr<wasm_module>;

/// Makes an instance that has not run yet. Errors: ec::bad_module;
/// ec::exhausted if this process has no memory for it.
caf::expected<std::unique_ptr<guest>>
make_wasm_guest(wasm_module_ptr module, guest_host& host,
                const guest_limits& limits);

} // namespace edgeless
