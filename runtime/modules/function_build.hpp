// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/workflow_file.hpp"

#include <caf/expected.hpp>

#include <filesystem>

namespace edgeless {

struct build_options {
  /// The folder of edgeless.hpp; empty: it is looked for beside the function
  /// (../sdk), then where this program is installed (../share/edgeless/sdk).
  std::filesystem::path sdk;
  /// The folder of wasm-cargo, as scripts/rust-wasm-toolchain.sh makes it;
  /// empty: where that script puts it if it is not told.
  std::filesystem::path rust;
  module_validation check = validate_module;
};

struct build_result {
  std::filesystem::path module;
  /// False if there was nothing to do.
  bool built = false;
};

/// Makes FOLDER/ID.wasm as FOLDER/function.json says: from C++ by clang++, or
/// from Rust by cargo. Nothing to do if it is newer than everything it is made
/// of. Blocks up to limits::function_build; what the compilers say goes to
/// stderr. A module that does not speak the functions' ABI is removed.
caf::expected<build_result>
build_function(const std::filesystem::path& function_json,
               const build_options& options = {});

} // namespace edgeless
