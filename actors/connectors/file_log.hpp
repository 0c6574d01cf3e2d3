// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource_provider.hpp"

#include "runtime/base/confined_folder.hpp"

namespace edgeless {

/// The PROVIDER of `file-log`, which appends the payload of each event as a
/// line to the file of its configuration `filename` in that folder.
/// `add-timestamp` and `add-source-id`, whatever their values, put the time and
/// the source in front. Spawned by the NODE.
provider_actor::behavior_type file_log_provider(provider_actor::pointer self,
                                                resource_context context,
                                                confined_folder_ptr folder);

} // namespace edgeless
