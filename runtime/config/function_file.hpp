// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/guest.hpp"

#include <caf/expected.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// The content of function.json.
struct function_file {
  /// Also the name of its module: a plain file name.
  std::string id;
  std::string function_type;
  std::string version;
  /// Cargo.toml or a C++ source, in the same folder.
  std::string build;
  std::vector<std::string> outputs;
  /// The preferred isolation, which annotations override. Not in EDGELESS.
  std::optional<isolation> where;
};

/// Reads EDGELESS' function.json. The error has one line per fault.
caf::expected<function_file>
load_function_file(const std::filesystem::path& file);

} // namespace edgeless
