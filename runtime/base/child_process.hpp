// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/fd.hpp"

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace edgeless {

/// A child process that inherits nothing but what is named here: its standard
/// descriptors are /dev/null, no signal is blocked or ignored.
struct child_plan {
  std::string program;
  /// argv, including argv[0].
  std::vector<std::string> arguments;
  /// Pairs of a descriptor of this process, made by lifted(), and its number in
  /// the child: 1 (standard output), or from 3 on without a gap.
  std::vector<std::pair<int, int>> descriptors;
  /// True: the child inherits the environment; false: it has none.
  bool environment = false;
};

/// Starts the child and sets `pid`. Returns zero, or an errno value; then `pid`
/// is -1.
int spawn_child(const child_plan& plan, pid_t& pid);

/// Moves a descriptor to a number above those that children use, so that dup2()
/// in spawn_child() does not overwrite another one. Invalid on failure.
file_descriptor lifted(int number);

} // namespace edgeless
