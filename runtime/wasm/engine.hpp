// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/engine_config.hpp"
#include "runtime/wasm/guest.hpp"

#include <chrono>
#include <filesystem>
#include <memory>

namespace edgeless {

struct engine_settings {
  /// The directory for compiled modules, which then survive a restart. Only
  /// this node may write to it; created with mode 0700. Empty: no cache on
  /// disk.
  std::filesystem::path cache;
  /// The programs of child processes that compile a module or run one guest:
  /// their main() must begin with run_as_child().
  std::filesystem::path compiler = "/proc/self/exe";
  std::filesystem::path guest_program = "/proc/self/exe";
  /// A guest is preempted after this time; at least 1 ms.
  std::chrono::milliseconds time_slice{5};
  /// The limit of the linear memories of all guests together, in bytes; zero:
  /// no limit. Two guests that grow in the same time slice may exceed it until
  /// its end; then the later one dies.
  std::uint64_t memory = 0;
  /// process: all guests run in processes of their own, whatever their
  /// annotations say.
  isolation where = isolation::shared;
  /// For guests in this process. none: guests are never preempted; for
  /// measurements only.
  checks checks_of_shared = checks::interruption;
};

/// Creates the directory if necessary, and returns an error if it cannot be
/// used as a cache. An engine runs without such a cache.
caf::error check_module_cache(const std::filesystem::path& directory);

/// Makes an engine that runs WebAssembly. One per process; any thread may use
/// it. Classes and guests keep the parts alive that they need, so that they may
/// outlive it. If the engine cannot start, compile() returns the reason.
std::unique_ptr<guest_engine> make_wasm_engine(engine_settings settings);

} // namespace edgeless
