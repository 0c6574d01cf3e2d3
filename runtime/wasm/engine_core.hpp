// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/state/memory_runs.hpp"
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

/// The state that all instances of an engine share. Immutable once made, but
/// for pools and counters, which any thread may use.
class engine_core {
public:
  explicit engine_core(std::uint64_t total_memory) : memory{total_memory} {
    // nop
  }
  engine_core(const engine_core&) = delete;
  engine_core& operator=(const engine_core&) = delete;
  ~engine_core();

  /// Compiles the modules in wat/, which takes a few milliseconds. Without
  /// checks there are no time slices and no ticker thread. `total_memory`:
  /// bytes of all guests together, zero for no limit. Errors:
  /// ec::system_failure.
  static caf::expected<std::shared_ptr<engine_core>>
  make(checks what, std::chrono::milliseconds time_slice,
       std::uint64_t total_memory);

  wasm_engine_t* engine = nullptr;
  /// Defines the imports of guests but for call_asm and call_raw_asm.
  wasmtime_linker* guests = nullptr;
  /// Defines the imports of the driver from the host.
  wasmtime_linker* drivers = nullptr;
  /// Copies of `drivers`, to which the exports of one guest are added.
  linker_pool driver_linkers;
  wasmtime_module* driver = nullptr;
  wasmtime_module* joint = nullptr;
  wasmtime_instance_pre* caller = nullptr;
  /// Empty without checks.
  std::optional<epoch_ticker> clock;
  memory_pool memory;
  page_map pages;
  engine_counts counts;

private:
  caf::error prepare(checks what);
};

using engine_core_ptr = std::shared_ptr<engine_core>;

/// Loads a class from the output of compile_in_child(). Any other bytes are
/// unsafe: they are machine code that will run. Errors: ec::system_failure.
caf::expected<guest_class_ptr> load_class(engine_core_ptr core,
                                          std::string_view compiled);

/// As load_class(), from a file whose pages processes share.
caf::expected<guest_class_ptr> load_class_file(engine_core_ptr core,
                                               const std::string& file);

} // namespace edgeless
