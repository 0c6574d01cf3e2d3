// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/redis/client.hpp"

namespace edgeless {

/// The PROVIDER of `redis`: a cast sets the key of its configuration `key` to
/// the payload, a call gets what is under the key that is its payload. The
/// database is that of `url`; with `add-workflow-id`, whatever its value, the
/// id of the workflow and a colon stand before each key. Redis may hang: its
/// instances want threads of their own, and drop and count what it cannot take.
/// Spawned by the NODE.
provider_actor::behavior_type
redis_resource_provider(provider_actor::pointer self, resource_context context,
                        redis_connector find);

} // namespace edgeless
