// SPDX-License-Identifier: MIT
#include "actors/connectors/http/http_exchange.hpp"

#include "runtime/http/base64.hpp"

#include <chrono>

namespace edgeless {

namespace {

bool is_true(const component_spec& spec, const char* key) {
  return equal_ignoring_case(setting(spec, key), "true");
}

} // namespace

http_exchange::http_exchange(const component_spec& spec)
  : is_async{is_true(spec, "async")}, encodes{is_true(spec, "encode_base64")},
    format{setting(spec, "http.body")} {
  // nop
}

caf::error http_exchange::check() const {
  if (parse_http_body_format(format))
    return caf::none;
  return fail(ec::bad_input, "http-ingress: configuration `http.body`: \""
                               + format + "\" is none of numbers, base64, raw");
}

std::optional<std::string> http_exchange::payload_of(http_request x) const {
  std::string result;
  if (is_async)
    result = encodes ? to_base64(x.body) : std::move(x.body);
  else if (x.body.size() <= limits::payload)
    result = to_http_payload(
      x, parse_http_body_format(format).value_or(http_body_format::numbers));
  if (result.size() > limits::payload || (result.empty() && !is_async))
    return std::nullopt;
  return result;
}

http_response
http_exchange::response_of(const outlet::reply& x,
                           std::chrono::steady_clock::time_point begin) const {
  if (!x.sent)
    return retry_later("Service Unavailable");
  if (std::chrono::steady_clock::now() - begin >= limits::http_call)
    return text_response(504, "Gateway Timeout");
  if (x.result.kind != event_kind::reply)
    return text_response(502, "Bad Gateway");
  if (is_async)
    return text_response(200, "OK");
  auto response = response_of_http_payload(x.result.payload);
  if (!response)
    return text_response(502, "Bad Gateway: " + explain(response.error()));
  return std::move(*response);
}

} // namespace edgeless
