// SPDX-License-Identifier: MIT

#include "edgeless.hpp"
#include "http.hpp"

using namespace edgeless;

/// Requests /hello of the host in its init payload through http-egress,
/// one request after the other, for ever.
struct http_caller {
  void handle_init(string_view host, string_view) {
    request.method.append("Get");
    request.protocol.append("HTTP");
    request.host.append(host);
    request.path.append("/hello");
    request.format = http::body_format::raw;
    delayed_cast(100, "self", "");
  }

  void handle_cast(const instance_id&, string_view) {
    for (int i = 0; i < 100; ++i)
      call("out", http::write(request));
    cast("self", "");
  }

  http::request request;
};

EDGELESS_EXPORT(http_caller)
