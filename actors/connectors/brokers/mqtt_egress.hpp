// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/mqtt/forwarders.hpp"

namespace edgeless {

/// The class mqtt-egress: publishes each event at the broker of its
/// configuration. An event is done when the broker or the disk has it.
resource_class mqtt_egress(std::shared_ptr<mqtt_forwarders> forwarders);

} // namespace edgeless
