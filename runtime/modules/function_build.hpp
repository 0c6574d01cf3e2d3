// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/workflow_file.hpp"

#include <caf/expected.hpp>

#include <filesystem>

namespace edgeless {

struct build_options {
  /// The folder of edgeless.hpp. Empty: ../sdk of the function's folder, then
  /// ../share/edgeless/sdk of this program's folder.
  std::filesystem::path sdk;
  /// The folder of wasm-cargo, made by scripts/rust-wasm-toolchain.sh. Empty:
  /// the default folder of that script.
  std::filesystem::path rust;
  module_validation check = validate_module;
};

struct build_result {
  std::filesystem::path module;
  /// False if the module had the same bytes before.
  bool built = false;
};

/// Builds FOLDER/ID.wasm as described by FOLDER/function.json: from C++ with
/// clang++, or from Rust with cargo. Compilers write to FOLDER/target. cargo is
/// always asked; clang++ unless neither its arguments nor its version nor any
/// file that it has read changed since. Blocks up to limits::function_build;
/// the output of the compilers goes to stderr. A module that fails `check` is
/// removed. Errors: ec::bad_input, ec::bad_module, ec::system_failure.
caf::expected<build_result>
build_function(const std::filesystem::path& function_json,
               const build_options& options = {});

} // namespace edgeless
