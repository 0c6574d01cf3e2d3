// SPDX-License-Identifier: MIT
#include "test/fuzz/fuzz.hpp"

#include "runtime/module_check.hpp"

#include "messages/errors.hpp"

using namespace edgeless;

/// The outline of modules. Their code is the compiler's, in a child process.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (auto problem = check_module(fuzz::text(bytes, size)))
    fuzz::promise(!explain(problem).empty());
  return 0;
}
