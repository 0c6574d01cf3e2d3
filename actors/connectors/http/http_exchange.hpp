// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/http/edgeless_json.hpp"

#include "messages/workflow.hpp"

#include <optional>
#include <string>

namespace edgeless {

/// How the requests of one http-ingress become events, and replies responses:
/// by its configuration.
struct http_exchange {
  explicit http_exchange(const component_spec& spec);

  /// What is wrong with the configuration.
  caf::error check() const;
  /// nullopt: it is too large for an event.
  std::optional<std::string> payload_of(http_request x) const;
  /// The response for what became of a call that has begun at that time.
  http_response response_of(const outlet::reply& x,
                            std::chrono::steady_clock::time_point begin) const;

  /// The body is cast, and the client gets 200 at once.
  bool is_async;
  /// ...in base64.
  bool encodes;
  std::string format; ///< of a call
};

} // namespace edgeless
