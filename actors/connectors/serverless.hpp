// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/http/client.hpp"
#include "runtime/metrics/resource_counters.hpp"

namespace edgeless {

/// A class of resources that call a function of OpenFaaS at a URL: each cast is
/// posted there, and the answer cast to `out`, or why there is none to `err`. A
/// call gets the answer as its reply.
resource_class serverless(std::string function_url,
                          std::shared_ptr<http_client> client,
                          resource_counters_ptr counters);

} // namespace edgeless
