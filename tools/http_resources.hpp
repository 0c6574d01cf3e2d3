// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/node.hpp"

#include "runtime/config/settings.hpp"
#include "runtime/http/server.hpp"

#include <memory>

namespace edgeless {

/// The classes of resources that speak HTTP, as far as the settings name a
/// provider. Returns the server of http-ingress; nullptr: there is none.
caf::expected<std::shared_ptr<http_server>>
offer_http(const node_settings& settings, node_options& options);

} // namespace edgeless
