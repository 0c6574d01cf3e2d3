// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/http/client.hpp"

namespace edgeless {

/// The class http-poster: posts each event to the URL of its configuration.
resource_class http_poster(std::shared_ptr<http_client> client);

} // namespace edgeless
