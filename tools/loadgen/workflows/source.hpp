// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/workflow_file.hpp"

#include "messages/ids.hpp"

#include <caf/expected.hpp>

#include <memory>
#include <optional>
#include <string>

namespace edgeless::benchmark {

/// Makes the workflows of an experiment.
class workflow_source {
public:
  virtual ~workflow_source() = default;

  /// The workflow with this number, and the modules of its functions. Without
  /// components there is nothing to start.
  virtual caf::expected<workflow_file>
  make(std::uint64_t number, const random_source& random) = 0;
};

/// Parses `--wf-type`: `none`, `single;JSON;WASM`, `json-spec;FILE`, or one
/// of the generated types with a template file or with its values:
/// `vector-mul-chain;FILE`, `vector-mul-chain;3;5;1000;1000;WASM`. Reads all
/// files, each module once, and makes a workflow to validate them. An error
/// says what is accepted.
caf::expected<std::unique_ptr<workflow_source>>
open_source(const std::string& type, module_validation check = validate_module);

/// The text to print if `--wf-type` is `help` or `TYPE;template`.
std::optional<std::string> explain_source(const std::string& type);

} // namespace edgeless::benchmark
