// SPDX-License-Identifier: MIT
#pragma once

#include <caf/actor_system.hpp>
#include <caf/spawn_options.hpp>

namespace edgeless {

/// Where the actors run that must not wait behind guests: on a thread of their
/// own, or, for tests on virtual time, in the pool like everybody else.
enum class threads { own, pool };

template <class F, class... Ts>
auto spawn_on(threads where, caf::actor_system& system, F f, Ts&&... xs) {
  if (where == threads::own)
    return system.spawn<caf::detached>(f, std::forward<Ts>(xs)...);
  return system.spawn(f, std::forward<Ts>(xs)...);
}

} // namespace edgeless
