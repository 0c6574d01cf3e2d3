// SPDX-License-Identifier: MIT
#include "test/fuzz/fuzz.hpp"

#include "runtime/config/function_file.hpp"
#include "runtime/config/json_reader.hpp"
#include "runtime/config/workflow_file.hpp"

#include "messages/errors.hpp"

#include <unistd.h>

#include <fstream>

using namespace edgeless;

namespace {

caf::error any_module(std::string_view) {
  return caf::none;
}

/// A file in memory for this process, removed at exit.
const std::string& file() {
  static auto result
    = "/dev/shm/edgeless-fuzz-" + std::to_string(::getpid()) + ".json";
  static auto removed = std::atexit([] { ::unlink(file().c_str()); });
  static_cast<void>(removed);
  return result;
}

} // namespace

/// Workflow files and function files.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto text = fuzz::text(bytes, size);
  auto json = parse_json(text);
  std::ofstream{file(), std::ios::binary | std::ios::trunc} << text;
  auto workflow = load_workflow_file(file(), any_module);
  fuzz::require(json || !workflow);
  fuzz::require(workflow || !explain(workflow.error()).empty());
  auto function = load_function_file(file());
  fuzz::require(function || !explain(function.error()).empty());
  return 0;
}
