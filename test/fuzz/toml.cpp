// SPDX-License-Identifier: MIT
#include "test/fuzz/fuzz.hpp"

#include "runtime/config/settings.hpp"
#include "runtime/config/toml_tree.hpp"

#include "messages/errors.hpp"

using namespace edgeless;

/// The configuration files of all programs.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto text = fuzz::text(bytes, size);
  // Every refusal has a reason.
  auto has_reason = [](const auto& x) {
    return x || !explain(x.error()).empty();
  };
  fuzz::require(has_reason(parse_toml(text)));
  fuzz::require(has_reason(parse_controller_settings("file", text)));
  fuzz::require(has_reason(parse_orchestrator_settings("file", text)));
  fuzz::require(has_reason(parse_node_settings("file", text)));
  fuzz::require(has_reason(parse_cli_settings("file", text)));
  return 0;
}
