// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/engine_core.hpp"

#include <mutex>
#include <span>

namespace edgeless {

/// A compiled module, shared by its instances. Any number of threads.
struct wasm_module {
  wasm_module(engine_core_ptr core, wasmtime_module* module,
              wasmtime_instance_pre* linked);
  wasm_module(const wasm_module&) = delete;
  wasm_module& operator=(const wasm_module&) = delete;
  ~wasm_module();

  /// The memory with which each instance begins; made when it is first needed.
  /// Empty if that fails.
  std::span<const char> initial() const;

  const engine_core_ptr core;
  wasmtime_module* const module;
  /// The module with resolved imports; null if it imports call_asm or
  /// call_raw_asm, which every instance gets from its own caller.wat.
  wasmtime_instance_pre* const linked;

private:
  struct never_run;

  mutable std::mutex mutex_;
  mutable std::unique_ptr<never_run> initial_;
};

using wasm_module_ptr = std::shared_ptr<const wasm_module>;

/// Makes an instance: see guest_class::instantiate().
caf::expected<std::unique_ptr<guest>>
make_wasm_guest(wasm_module_ptr module, guest_host& host,
                const guest_limits& limits);

} // namespace edgeless
