// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/http/message.hpp"

#include "messages/limits.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

/// A request of a client.
struct http_client_request {
  std::string url; ///< http or https
  std::string method;
  http_headers headers;
  std::string body;
  /// The hosts that it, and all redirects, may go to; empty: any.
  std::vector<std::string> allow;
  std::chrono::milliseconds timeout = limits::http_request;
  /// Also gets the body while it arrives, on the thread of the client.
  std::function<void(std::string_view)> on_body{};
};

/// Sends requests to servers, many at a time, from a thread of its own, which
/// the first request starts. Connections are reused; certificates are verified.
/// Requests that a server may execute twice are repeated after a failure,
/// others only if no server was reached. A host that resolves to an address of
/// this machine or link is refused, unless it is listed: functions are not
/// trusted.
class http_client {
public:
  using handler = std::function<void(caf::expected<http_response>)>;

  /// `local`: the hosts that may have any address. `ca`: a PEM file of
  /// authorities beside those of the system; empty: none.
  explicit http_client(std::vector<std::string> local, std::string ca = {});
  ~http_client();

  /// Calls `done` once, from the thread of the client; not at all if the client
  /// is destroyed before. May be called by any thread. The number of requests
  /// at a time is bounded by the callers.
  void start(http_client_request x, handler done);

private:
  class loop;

  std::vector<std::string> local_;
  std::string ca_;
  std::once_flag started_;
  std::unique_ptr<loop> loop_;
};

} // namespace edgeless
