// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/drivers/kafka.hpp"
#include "runtime/metrics/connector_counters.hpp"

namespace edgeless {

/// The class kafka-egress: produces a message for each event, which is done
/// when the cluster has it. `properties`: what the node adds to those of the
/// resource.
resource_class kafka_egress(kafka_driver& driver, kafka_properties properties,
                            connector_counters_ptr counters);

/// The class kafka-ingress: casts the messages of its topics on its output
/// `out`, and commits those that its target has.
resource_class kafka_ingress(kafka_driver& driver, kafka_properties properties,
                             connector_counters_ptr counters);

} // namespace edgeless
