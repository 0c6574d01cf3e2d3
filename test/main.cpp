// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT
// The WebAssembly engine has its own handlers: guests trap by signals.
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS
#include "runtime/sandbox/child_main.hpp"

#include <doctest/doctest.h>

int main(int argc, char** argv) {
  // Tests of the engine compile modules in children of this very program.
  if (auto code = edgeless::run_as_child(argc, argv))
    return *code;
  return doctest::Context{argc, argv}.run();
}
