// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/http/server.hpp"

#include <functional>
#include <string>

namespace edgeless {

/// Why a program cannot do its work at present; empty: it is ready. Called by
/// the thread of the server.
using readiness = std::function<std::string()>;

/// Serves what operators ask a program for: /metrics in the text format of
/// Prometheus, /livez, which is 200 while the program runs, and /readyz, which
/// is 200 or 503 with the reason. Only http. A client that sends no request
/// within limits::metrics_request is disconnected.
caf::expected<std::unique_ptr<http_server>>
serve_metrics(const url& where, metrics_source source, readiness why_not = {});

} // namespace edgeless
