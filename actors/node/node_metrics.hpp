// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"

#include "runtime/metrics/exposition.hpp"
#include "runtime/wasm/guest.hpp"

namespace edgeless {

/// Adds the metrics of a node to the page of a scrape. Reads atomic counters
/// and the registry under its lock, from any thread. `engine` may be null.
void add_metrics(metrics_page& page, const instance_registry& registry,
                 const guest_engine* engine);

} // namespace edgeless
