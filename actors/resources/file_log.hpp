// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

namespace edgeless {

/// The PROVIDER of `file-log`, which appends a line per event to the file named
/// by its configuration `filename`; `add-timestamp` and `add-source-id` put the
/// time and the source before it. Spawned by the NODE.
provider_actor::behavior_type file_log_provider(provider_actor::pointer self,
                                                resource_context context);

} // namespace edgeless
