// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/http/message.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Requests and responses as payloads of events, in the JSON of EDGELESS
/// (edgeless_http):
///   {"method":"Post","protocol":"Unknown","host":"a:80","path":"/b?c=d",
///    "body":[104,105],"headers":{"accept":"*/*"}}
///   {"body":null,"status":200,"headers":{}}
/// Header names are in lower case; equal ones are joined by a comma. Two other
/// formats spare the numbers: JSON whose `body` is a string in base64; and a
/// head of lines, each ended by a line feed, with the body behind it as it is:
///   raw1, method, protocol, host, path, a line `name:value` for each header,
///   an empty line
///   raw1, status, headers, an empty line
/// All three are read.
namespace edgeless {

/// Whether EDGELESS has a name for the method: GET, HEAD, POST, PUT, DELETE,
/// PATCH.
bool is_edgeless_method(std::string_view method);

enum class http_body_format : std::uint8_t { numbers, base64, raw };

/// Of the annotation `http.body`: "" or "numbers", "base64", "raw".
std::optional<http_body_format> parse_http_body_format(std::string_view text);

std::string to_http_payload(const http_request& x, http_body_format format
                                                   = http_body_format::numbers);
std::string to_http_payload(const http_response& x,
                            http_body_format format
                            = http_body_format::numbers);

/// A request that a function makes.
struct outgoing_request {
  std::string url; ///< from protocol, host and path
  http_request content;
  http_body_format format = http_body_format::numbers; ///< of the payload
};

/// The error says what is wrong.
caf::expected<outgoing_request> request_of_http_payload(std::string_view text);
caf::expected<http_response> response_of_http_payload(std::string_view text);

} // namespace edgeless
