// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/engine_config.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// A valid module of 14 KB can make a compiler allocate 11 GB. So a node never
/// compiles in its own process: it starts a child of its own program that
/// compiles one module under resource limits.
namespace edgeless {

/// If this process was started to compile (`--compile-module CHECKS
/// SOURCE COMPILED`), does so and returns the exit code. Every program calls
/// this first in its main(), before it has threads.
std::optional<int> run_as_compile_child(int argc, char** argv);

/// Compiles a module with these checks in a child process that runs `program`
/// and is killed after `deadline`. Blocks. Returns machine code for this
/// version of the engine and this machine, at most limits::compiled bytes.
/// Errors: ec::bad_module if the module is invalid, ec::compile_failed if it
/// exceeds the limits of processor time or memory, ec::exhausted if the machine
/// was too busy, ec::system_failure.
caf::expected<std::string> compile_in_child(const std::string& program,
                                            std::string_view module,
                                            std::chrono::milliseconds deadline,
                                            checks what = checks::interruption);

} // namespace edgeless
