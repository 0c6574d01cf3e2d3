// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/metrics/connector_counters.hpp"
#include "runtime/mqtt/configuration.hpp"

namespace edgeless {

/// The class mqtt-ingress: casts the messages of its topics on its output
/// `out`. With QoS 1 and 2, a broker gets its acknowledgement when the target
/// has the message.
resource_class mqtt_ingress(mqtt_driver& driver, mqtt_identity identity,
                            connector_counters_ptr counters);

} // namespace edgeless
