// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT
// Traps of guests are signals, which the engine handles.
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS
#include "runtime/sandbox/child_main.hpp"

#include <doctest/doctest.h>

int main(int argc, char** argv) {
  // Tests of the engine start this program as a compile or sandbox process.
  if (auto code = edgeless::run_as_child(argc, argv))
    return *code;
  return doctest::Context{argc, argv}.run();
}
