// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"

#include <string>

namespace edgeless::test {

class cluster;

/// A component of a workflow that a simulation has started.
struct started_component {
  std::string name;
  logical_id id;
};

} // namespace edgeless::test
