// SPDX-License-Identifier: MIT

#include "edgeless.hpp"
#include "http.hpp"

using namespace edgeless;

/// Casts to "parsed_value" the integer in the body of each request for
/// /read_number, and answers 200; others get 400 or 404.
struct http_read_number {
  void handle_init(string_view, string_view) {
    log::info("http_read_number: 'Init' called");
  }

  call_result handle_call(const instance_id&, string_view message) {
    log::info("http_read_number: 'Call' called, MSG: ", message);
    http::request request;
    if (!http::read(message, request))
      return call_failed();
    http::response response;
    if (string_view(request.path) != "/read_number")
      refuse(response, 404, "invalid path");
    else if (request.body.empty())
      refuse(response, 400, "empty body");
    else if (!parse<int32_t>(request.body))
      refuse(response, 400, "body does not contain an integer");
    else
      cast("parsed_value", request.body);
    return reply(http::write(response));
  }

  static void refuse(http::response& out, uint32_t status, string_view why) {
    out.status = status;
    out.body.append(why);
  }

  void handle_stop() {
    log::info("http_read_number: 'Stop' called");
  }
};

EDGELESS_EXPORT(http_read_number)
