// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/state/guest_state.hpp"
#include "runtime/state/memory_runs.hpp"

#include <caf/expected.hpp>

struct wasmtime_context;
struct wasmtime_instance;
struct wasmtime_memory;

/// Memory and globals of an instance, from a store and back. The instance must
/// not run meanwhile.
namespace edgeless {

/// An instance in its store.
struct instance_ref {
  wasmtime_context* context;
  const wasmtime_instance* instance;
  const wasmtime_memory* memory;
};

/// Errors: ec::bad_module if the module was not prepared by export_state(),
/// ec::exhausted if more than `max_bytes` of runs differ from `initial`.
caf::expected<guest_state>
capture_state(const instance_ref& from, std::span<const char> initial,
              const page_map& pages, std::uint64_t max_bytes);

/// Into an instance that has never run. Its memory grows to the size of the
/// state. After an error the instance must not run. Errors: ec::bad_input if
/// the state does not fit, ec::exhausted.
caf::error restore_state(const instance_ref& to, const guest_state& state);

} // namespace edgeless
