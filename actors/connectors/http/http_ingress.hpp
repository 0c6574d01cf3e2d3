// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/http/router.hpp"

namespace edgeless {

/// The class http-ingress: passes HTTP requests on to its output `new_request`,
/// as calls whose replies are the responses, or as casts.
resource_class http_ingress(const std::shared_ptr<http_router>& router);

} // namespace edgeless
