// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/drivers/mqtt.hpp"

#include <caf/expected.hpp>

#include <map>
#include <string>

namespace edgeless {

/// What a node says about all its connections to MQTT brokers: PEM files.
struct mqtt_identity {
  std::string ca;
  std::string certificate;
  std::string key;
};

using mqtt_configuration = std::map<std::string, std::string>;

/// The connection that the configuration of a resource asks for. An error says
/// which key is wrong, and what would be right.
caf::expected<mqtt_options> mqtt_options_of(const mqtt_configuration& from,
                                            const mqtt_identity& identity);

/// Why messages cannot be published on this topic; empty: they can.
std::string mqtt_topic_fault(const std::string& topic);
/// Why this filter cannot be subscribed to; empty: it can.
std::string mqtt_filter_fault(const std::string& filter);

} // namespace edgeless
