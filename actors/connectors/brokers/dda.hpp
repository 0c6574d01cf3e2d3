// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/drivers/dda.hpp"
#include "runtime/metrics/connector_counters.hpp"

namespace edgeless {

/// The class dda: executes the requests with which it is called at the sidecar
/// of a Data Distribution Agent, and passes on what that sends. `url`: of the
/// sidecar, for configurations that name none.
resource_class dda(dda_driver& driver, std::string url,
                   connector_counters_ptr counters);

} // namespace edgeless
