// SPDX-License-Identifier: MIT
#pragma once

#include "actors/neighbourhood.hpp"

#include "runtime/guest.hpp"
#include "runtime/metrics.hpp"

namespace edgeless {

/// What a node tells at a scrape. Reads counts only: from any thread, without
/// keeping anybody waiting. `engine` may be null.
void tell(metrics_page& page, const neighbourhood& hood,
          const guest_engine* engine);

} // namespace edgeless
