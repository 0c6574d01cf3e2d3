// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/node.hpp"

#include "runtime/config/settings.hpp"
#include "runtime/http/server.hpp"
#include "runtime/metrics/resource_counters.hpp"

#include <memory>

namespace edgeless {

/// What the resources of a node share, for as long as the node lives.
struct connectors {
  /// Of http-ingress; nullptr: there is none. Closed when the requests under
  /// way are answered.
  std::shared_ptr<http_server> ingress;
  resource_counters_ptr counters = std::make_shared<resource_counters>();
};

/// Adds to `options` the classes of resources for which the settings name a
/// provider. An error says which setting cannot be used, and why.
caf::expected<connectors> offer_connectors(const node_settings& settings,
                                           node_options& options);

} // namespace edgeless
