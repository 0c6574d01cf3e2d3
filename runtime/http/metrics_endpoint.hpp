// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/http/server.hpp"

#include <functional>
#include <string>

namespace edgeless {

/// What is wrong with a program; empty: nothing. Called by the thread of the
/// server.
using health_check = std::function<std::string()>;

/// Serves what operators ask a program for: /metrics in the text format of
/// Prometheus; /livez, which says whether a restart would help, and /readyz,
/// whether the program can do its work at present: 200 or 503 with the reason.
/// A program that is not alive is not ready. Only http. A client that sends no
/// request within limits::metrics_request is disconnected.
caf::expected<std::unique_ptr<http_server>>
serve_metrics(const url& where, metrics_source source,
              health_check is_alive = {}, health_check is_ready = {});

} // namespace edgeless
