// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/placement/annotations.hpp"

namespace edgeless {

/// What happens to the state of a component when its instance ends: that of a
/// resource is kept for the next instance on any node.
inline state_policy state_policy_for(const component_spec& x) {
  return x.kind == component_kind::resource ? state_policy::global
                                            : state_policy_of(x.settings);
}

} // namespace edgeless
