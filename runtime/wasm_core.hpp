// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/guest.hpp"
#include "runtime/linker_rack.hpp"
#include "runtime/memory_pool.hpp"
#include "runtime/ticker.hpp"
#include "runtime/wasm_config.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

struct wasm_engine_t;
struct wasmtime_instance_pre;
struct wasmtime_linker;
struct wasmtime_module;

namespace edgeless {

/// What all instances of an engine share: made once, then only read.
class wasm_core {
public:
  explicit wasm_core(std::uint64_t total_memory) : memory{total_memory} {
    // nop
  }
  wasm_core(const wasm_core&) = delete;
  wasm_core& operator=(const wasm_core&) = delete;
  ~wasm_core();

  /// Compiles our own three modules, which takes a few milliseconds. Without
  /// checks there are no time slices, and no thread.
  static caf::expected<std::shared_ptr<wasm_core>>
  make(checks what, std::chrono::milliseconds time_slice,
       std::uint64_t total_memory);

  wasm_engine_t* engine = nullptr;
  /// Has what guests may import, but for call_asm and call_raw_asm.
  wasmtime_linker* guests = nullptr;
  /// Has what the driver imports of the host.
  wasmtime_linker* drivers = nullptr;
  /// Copies of that, to which a driver's guest is added.
  linker_rack driver_linkers;
  wasmtime_module* driver = nullptr;
  wasmtime_module* joint = nullptr;
  wasmtime_instance_pre* caller = nullptr;
  /// Nothing without checks.
  std::optional<ticker> clock;
  memory_pool memory;
  engine_counts counts;

private:
  caf::error prepare(checks what);
};

using wasm_core_ptr = std::shared_ptr<wasm_core>;

/// Makes a class of what the compile child made; never give it anything else:
/// it is code that will run.
caf::expected<guest_class_ptr> load_class(wasm_core_ptr core,
                                          std::string_view compiled);

/// As load_class(), from a file that others share.
caf::expected<guest_class_ptr> load_class_file(wasm_core_ptr core,
                                               const std::string& file);

} // namespace edgeless
