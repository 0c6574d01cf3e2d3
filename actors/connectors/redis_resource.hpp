// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource_provider.hpp"

#include "runtime/redis/client.hpp"

namespace edgeless {

/// The PROVIDER of `redis`: a cast sets the key of its configuration `key` to
/// the payload, a call gets the value of the key that is its payload. The
/// database is that of `url`. With `add-workflow-id`, whatever its value, the
/// id of the workflow and a colon precede each key. Redis may block: the
/// instances need threads of their own. They drop and count the events that
/// Redis does not accept. Spawned by the NODE.
provider_actor::behavior_type
redis_resource_provider(provider_actor::pointer self, resource_context context,
                        redis_connector find);

} // namespace edgeless
