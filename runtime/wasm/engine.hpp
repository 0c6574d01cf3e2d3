// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/engine_config.hpp"
#include "runtime/wasm/guest.hpp"

#include <chrono>
#include <filesystem>
#include <memory>

namespace edgeless {

struct engine_settings {
  /// Where compiled modules survive a restart: a directory that only this node
  /// writes to, made with mode 0700. Empty: they do not.
  std::filesystem::path cache;
  /// The program to run as a child, to compile or to run one guest: its main()
  /// must begin with run_as_child().
  std::filesystem::path compiler = "/proc/self/exe";
  std::filesystem::path guest_program = "/proc/self/exe";
  /// After this long a guest is preempted.
  std::chrono::milliseconds time_slice{5};
  /// What the linear memories of all guests may have together, in bytes; zero:
  /// what the machine gives. Two guests that grow in the same time slice may
  /// exceed it until its end: then the later one is dead.
  std::uint64_t memory = 0;
  /// Of process: all guests, whatever their annotations say.
  isolation where = isolation::shared;
  /// none: guests of this process run until they are done, whoever waits. For
  /// measuring only.
  checks asked = checks::interruption;
};

/// Whether the directory can be used; made if it is not there. An engine does
/// without one that cannot: whoever wants to tell asks here first.
caf::error check_module_cache(const std::filesystem::path& directory);

/// WebAssembly behind the door. One per process; all threads may use it.
/// Classes and guests keep what they need of it alive.
std::unique_ptr<guest_engine> make_wasm_engine(engine_settings settings);

} // namespace edgeless
