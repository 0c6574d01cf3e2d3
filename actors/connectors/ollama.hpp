// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/http/client.hpp"
#include "runtime/metrics/resource_counters.hpp"

namespace edgeless {

/// The class ollama: a conversation with the language model `model` of a
/// server. The answer to a cast goes to `out`, that to a call is its reply;
/// with `stream`, its pieces go to `token` as they come. One question at a
/// time. The conversation is the state of the resource, and migrates with it.
resource_class ollama(std::string url, std::size_t max_messages,
                      std::shared_ptr<http_client> client,
                      resource_counters_ptr counters);

} // namespace edgeless
