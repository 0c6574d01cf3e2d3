// SPDX-License-Identifier: MIT

#include "edgeless.hpp"
#include "http.hpp"

using namespace edgeless;

/// Answers requests of http-ingress: /hello with World, others with 404.
struct http_processor {
  static constexpr string_view log_target = "http_processor";

  void handle_init(string_view, string_view) {
    log::info("HTTP_Processor: 'Init' called");
  }

  void handle_cast(const instance_id&, string_view message) {
    log::info("HTTP_Processor: 'Cast' called, MSG: ", listed(message));
  }

  call_result handle_call(const instance_id&, string_view message) {
    log::debug("HTTP_Processor: 'Call' called, MSG: ", message);
    http::request request;
    if (!http::read(message, request))
      return call_failed();
    http::response response;
    if (string_view(request.path) == "/hello") {
      response.body.append("World");
    } else {
      response.status = 404;
      response.body.append("Not Found");
    }
    return reply(
      http::answer(request, static_cast<http::response&&>(response)));
  }

  void handle_stop() {
    log::info("HTTP_Processor: 'Stop' called");
  }
};

EDGELESS_EXPORT(http_processor)
