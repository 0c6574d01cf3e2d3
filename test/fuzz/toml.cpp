// SPDX-License-Identifier: MIT
#include "test/fuzz/fuzz.hpp"

#include "runtime/config/settings.hpp"
#include "runtime/config/toml_tree.hpp"

#include "messages/errors.hpp"

using namespace edgeless;

/// The files of all programs.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto text = fuzz::text(bytes, size);
  // Whoever refuses says why.
  auto refusal = [](const auto& x) {
    return x || !explain(x.error()).empty();
  };
  fuzz::promise(refusal(parse_toml(text)));
  fuzz::promise(refusal(parse_controller_settings("file", text)));
  fuzz::promise(refusal(parse_orchestrator_settings("file", text)));
  fuzz::promise(refusal(parse_node_settings("file", text)));
  fuzz::promise(refusal(parse_cli_settings("file", text)));
  return 0;
}
