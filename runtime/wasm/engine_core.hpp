// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/engine_config.hpp"
#include "runtime/wasm/epoch_ticker.hpp"
#include "runtime/wasm/guest.hpp"
#include "runtime/wasm/linker_pool.hpp"
#include "runtime/wasm/memory_pool.hpp"

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
class engine_core {
public:
  explicit engine_core(std::uint64_t total_memory) : memory{total_memory} {
    // nop
  }
  engine_core(const engine_core&) = delete;
  engine_core& operator=(const engine_core&) = delete;
  ~engine_core();

  /// Compiles our own three modules, which takes a few milliseconds. Without
  /// checks there are no time slices, and no thread.
  static caf::expected<std::shared_ptr<engine_core>>
  make(checks what, std::chrono::milliseconds time_slice,
       std::uint64_t total_memory);

  wasm_engine_t* engine = nullptr;
  /// Has what guests may import, but for call_asm and call_raw_asm.
  wasmtime_linker* guests = nullptr;
  /// Has what the driver imports of the host.
  wasmtime_linker* drivers = nullptr;
  /// Copies of that, to which a driver's guest is added.
  linker_pool driver_linkers;
  wasmtime_module* driver = nullptr;
  wasmtime_module* joint = nullptr;
  wasmtime_instance_pre* caller = nullptr;
  /// Nothing without checks.
  std::optional<epoch_ticker> clock;
  memory_pool memory;
  engine_counts counts;

private:
  caf::error prepare(checks what);
};

using engine_core_ptr = std::shared_ptr<engine_core>;

/// Makes a class of what the compile child made; never give it anything else:
/// it is code that will run.
caf::expected<guest_class_ptr> load_class(engine_core_ptr core,
                                          std::string_view compiled);

/// As load_class(), from a file that others share.
caf::expected<guest_class_ptr> load_class_file(engine_core_ptr core,
                                               const std::string& file);

} // namespace edgeless
