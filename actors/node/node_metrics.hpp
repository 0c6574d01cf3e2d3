// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"

#include "runtime/metrics/exposition.hpp"
#include "runtime/wasm/guest.hpp"

namespace edgeless {

/// What a node tells at a scrape. Reads counts only: from any thread, without
/// keeping anybody waiting. `engine` may be null.
void tell(metrics_page& page, const instance_registry& registry,
          const guest_engine* engine);

} // namespace edgeless
