// SPDX-License-Identifier: MIT
#include "test/fuzz/fuzz.hpp"

#include "runtime/modules/module_outline.hpp"
#include "runtime/modules/module_validation.hpp"
#include "runtime/modules/state_exports.hpp"
#include "runtime/wasm/imports.hpp"

#include "messages/errors.hpp"

using namespace edgeless;

// The validation needs the table of imports, which refers to their functions.
// No guest calls them here, so these stubs replace the engine.
std::uint32_t wasm_call::u32(int) const {
  return 0;
}

std::uint64_t wasm_call::u64(int) const {
  return 0;
}

std::span<char> wasm_call::bytes(std::uint32_t, std::uint64_t) {
  return {};
}

void wasm_call::result(std::uint32_t, int) {
  // nop
}

/// The sections of modules. Their code is validated by the compiler in a child
/// process.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto text = fuzz::text(bytes, size);
  if (auto problem = validate_module(text))
    fuzz::require(!explain(problem).empty());
  std::string reason;
  if (auto outline = read_outline(text, reason)) {
    auto exported = export_start(*outline);
    auto again = read_outline(exported, reason);
    fuzz::require(again && (!again->start || exported == text));
    // Only exports are added, and a prepared module is not prepared again.
    if (auto prepared = export_state(text, reason)) {
      auto after = read_outline(*prepared, reason);
      fuzz::require(after && after->exports.size() > outline->exports.size()
                    && after->functions == outline->functions
                    && !export_state(*prepared, reason));
    }
  }
  return 0;
}
