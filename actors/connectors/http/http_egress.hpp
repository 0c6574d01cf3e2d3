// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/http/client.hpp"

namespace edgeless {

/// The class http-egress: sends the HTTP requests with which it is called, and
/// replies with the responses.
resource_class http_egress(std::shared_ptr<http_client> client);

} // namespace edgeless
