// SPDX-License-Identifier: MIT
#include "test/fuzz/fuzz.hpp"

#include "runtime/modules/module_validation.hpp"
#include "runtime/wasm/imports.hpp"

#include "messages/errors.hpp"

using namespace edgeless;

// The check knows imports by their table, which names their bodies. No guest
// calls one here, so what is behind them, and the engine, can stay away.
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

/// The outline of modules. Their code is the compiler's, in a child process.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (auto problem = validate_module(fuzz::text(bytes, size)))
    fuzz::promise(!explain(problem).empty());
  return 0;
}
