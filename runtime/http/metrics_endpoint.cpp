// SPDX-License-Identifier: MIT
#include "runtime/http/metrics_endpoint.hpp"

#include "messages/errors.hpp"

namespace edgeless {

namespace {

http_response answer(const http_request& x, const metrics_source& source,
                     const health_check& is_alive,
                     const health_check& is_ready) {
  auto path = x.target.substr(0, x.target.find('?'));
  if (path != "/metrics" && path != "/livez" && path != "/readyz")
    return text_response(404, "not found: /metrics, /livez or /readyz\n");
  if (x.method != "GET" && x.method != "HEAD") {
    auto result = text_response(405, "only GET\n");
    result.headers.emplace_back("allow", "GET, HEAD");
    return result;
  }
  if (path == "/metrics")
    return {200,
            {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}},
            print_metrics(source)};
  auto reason = is_alive ? is_alive() : std::string{};
  if (reason.empty() && path == "/readyz" && is_ready)
    reason = is_ready();
  return reason.empty() ? text_response(200, "ok\n")
                        : text_response(503, reason + "\n");
}

} // namespace

caf::expected<std::unique_ptr<http_server>>
serve_metrics(const url& where, metrics_source source, health_check is_alive,
              health_check is_ready) {
  auto refuse = [&](const std::string& why) {
    return fail(ec::system_failure,
                "cannot serve metrics at http://" + where.host + ":"
                  + std::to_string(where.port) + ": " + why);
  };
  if (where.scheme != "http")
    return refuse("only http:// is served");
  http_server_options options;
  options.name = "metrics";
  options.connections = limits::metrics_connections;
  options.idle = limits::metrics_request;
  options.header_time = limits::metrics_request;
  options.body_time = limits::metrics_request;
  options.body = 0;
  options.is_essential = true;
  auto opened = http_server::open(
    where,
    [source = std::move(source), is_alive = std::move(is_alive),
     is_ready = std::move(is_ready)](const http_request& x,
                                     const http_responder& respond) {
      respond(answer(x, source, is_alive, is_ready));
    },
    std::move(options));
  if (!opened)
    return refuse(explain(opened.error()));
  return opened;
}

} // namespace edgeless
