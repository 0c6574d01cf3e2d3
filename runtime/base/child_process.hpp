// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/fd.hpp"

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace edgeless {

/// A child process that has nothing of ours but what is named here: standard
/// descriptors lead nowhere, no signal is blocked.
struct child_plan {
  std::string program;
  /// With its own name.
  std::vector<std::string> arguments;
  /// Which of ours, from lifted(), becomes which of its: these are without a
  /// gap, from 3 on; or 1, its standard output.
  std::vector<std::pair<int, int>> descriptors;
  /// Whether it has our environment, or none.
  bool environment = false;
};

/// Starts it. Zero, or what errno would say; then `pid` is -1.
int spawn_child(const child_plan& plan, pid_t& pid);

/// Takes a descriptor and gives one above those of any child, so that giving
/// one does not overwrite another. Check the result.
file_descriptor lifted(int number);

} // namespace edgeless
