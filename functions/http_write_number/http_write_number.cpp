// SPDX-License-Identifier: MIT

#include "edgeless.hpp"
#include "http.hpp"

using namespace edgeless;

/// Posts each event through the http-egress at "external_sink" to the host that
/// is its init payload, such as localhost:10000, and logs the response.
struct http_write_number {
  void handle_init(string_view payload, string_view) {
    log::info("http_write_number: 'Init' called");
    request.method.append("Post");
    request.protocol.append("HTTP");
    request.host.append(payload);
  }

  void handle_cast(const instance_id&, string_view message) {
    log::info("http_write_number: 'Cast' called, MSG: ", listed(message));
    check(!request.host.empty(), "http_write_number: no host in the payload");
    request.body.resize(0);
    request.body.append(message);
    auto result = call("external_sink", http::write(request));
    http::response response;
    if (result.outcome == call_result::reply
        && http::read(result.payload, response))
      log::info("http_write_number: ", response.status, ' ', response.body);
    else
      log::warn("http_write_number: no response");
  }

  void handle_stop() {
    log::info("http_write_number: 'Stop' called");
  }

  http::request request;
};

EDGELESS_EXPORT(http_write_number)
