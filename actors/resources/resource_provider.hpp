// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

namespace edgeless {

/// The PROVIDER of the resources that `make` implements. Spawned by the NODE.
provider_actor::behavior_type resource_provider(provider_actor::pointer self,
                                                resource_context context,
                                                resource_maker make);

} // namespace edgeless
