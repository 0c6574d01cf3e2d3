// SPDX-License-Identifier: MIT
#pragma once

#include "messages/interfaces.hpp"

namespace edgeless {

/// A NODE, and its internal timer messages.
using node_self_actor = node_actor::extend<
  // The back-off is over: dials the orchestrator again.
  caf::reacts_to<atom::retry>,
  // Stopping has reached its deadline, limits::shutdown.
  caf::reacts_to<atom::expire>,
  // A prepared instance has reached its deadline, limits::prepared.
  caf::reacts_to<atom::expire, physical_id>,
  // The predecessor of this instance may no longer forward to it.
  caf::reacts_to<atom::drop, physical_id>,
  // The pause since the last state of this instance was sent is over.
  caf::reacts_to<atom::retry, physical_id>>;

} // namespace edgeless
