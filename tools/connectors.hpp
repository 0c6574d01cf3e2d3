// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/node.hpp"

#include "runtime/config/settings.hpp"
#include "runtime/http/router.hpp"
#include "runtime/http/server.hpp"
#include "runtime/metrics/connector_counters.hpp"
#include "runtime/metrics/resource_counters.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace edgeless {

class mqtt_forwarders;

/// What the resources of a node share, for as long as the node lives.
struct connectors {
  /// Of http-ingress; nullptr: there is none. Closed when the requests under
  /// way are answered.
  std::shared_ptr<http_server> ingress;
  /// Of the same; nullptr with it.
  std::shared_ptr<http_router> router;
  /// Of mqtt-egress; nullptr: there are none.
  std::shared_ptr<mqtt_forwarders> mqtt;
  /// Of the classes that count messages.
  std::vector<connector_counters_ptr> messages;
  resource_counters_ptr counters = std::make_shared<resource_counters>();
};

/// Adds the metrics of all resources to a page.
std::function<void(metrics_page&)> resource_metrics(const connectors& of);

/// Adds a provider for a class; none if its id is empty.
void offer(node_options& options, const std::string& id, const char* type,
           resource_class made);

/// Adds to `options` the classes of resources for which the settings name a
/// provider. An error says which setting cannot be used, and why.
caf::expected<connectors> offer_connectors(const node_settings& settings,
                                           node_options& options);

/// The part of offer_connectors() for brokers of messages. A driver that is not
/// installed is only logged.
caf::error offer_message_brokers(const node_settings& settings,
                                 node_options& options, connectors& made);

} // namespace edgeless
