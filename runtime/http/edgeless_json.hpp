// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/http/message.hpp"

#include <caf/expected.hpp>

#include <string>
#include <string_view>

/// Requests and responses as JSON, in the format of EDGELESS (edgeless_http):
///   {"method":"Post","protocol":"Unknown","host":"a:80","path":"/b?c=d",
///    "body":[104,105],"headers":{"accept":"*/*"}}
///   {"body":null,"status":200,"headers":{}}
/// Header names are in lower case; equal ones are joined by a comma.
namespace edgeless {

/// Whether EDGELESS has a name for the method: GET, HEAD, POST, PUT, DELETE,
/// PATCH.
bool is_edgeless_method(std::string_view method);

std::string to_edgeless_json(const http_request& x);
std::string to_edgeless_json(const http_response& x);

/// A request that a function makes.
struct outgoing_request {
  std::string url; ///< from protocol, host and path
  http_request content;
};

/// The error says what is wrong.
caf::expected<outgoing_request> request_of_edgeless_json(std::string_view text);
caf::expected<http_response> response_of_edgeless_json(std::string_view text);

} // namespace edgeless
