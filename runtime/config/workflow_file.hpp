// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/modules/module_validation.hpp"

#include "messages/workflow.hpp"

#include <caf/expected.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

struct module_file {
  code_id code;
  std::filesystem::path file;
  std::string bytes;
};

/// A workflow as users write it, and the modules of its functions.
struct workflow_file {
  workflow_spec spec;
  /// Each module once, even if several functions share it.
  std::vector<module_file> modules;
  /// What is probably not meant, one sentence each, with the file.
  std::vector<std::string> warnings{};
};

using module_validation = caf::error (*)(std::string_view bytes);

/// Reads EDGELESS' workflow.json and the modules that it names, relative to its
/// folder. The error has one line per fault, with the file and the component.
caf::expected<workflow_file>
load_workflow_file(const std::filesystem::path& file,
                   module_validation check = validate_module);

/// The same for `text` as the content of the file.
caf::expected<workflow_file>
read_workflow(const std::filesystem::path& file, std::string_view text,
              module_validation check = validate_module);

} // namespace edgeless
