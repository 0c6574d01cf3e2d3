// SPDX-License-Identifier: MIT

#include "edgeless.hpp"
#include "http.hpp"

using namespace edgeless;

/// Casts the body of each request to "out", unless it is empty, and answers
/// 200.
struct http_extractor {
  call_result handle_call(const instance_id&, string_view message) {
    http::request request;
    if (!http::read(message, request))
      return call_failed();
    if (!request.body.empty())
      cast("out", request.body);
    return reply(http::write(http::response{}));
  }
};

EDGELESS_EXPORT(http_extractor)
