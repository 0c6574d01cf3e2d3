// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/http/message.hpp"
#include "runtime/http/statistics.hpp"
#include "runtime/net/url.hpp"

#include "messages/limits.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace edgeless {

/// What became of a request, or of what was none.
struct http_access {
  std::string client{}; ///< address and port
  std::string method{}; ///< empty: it was not understood
  std::string host{};
  std::string target{};
  std::string agent{};
  unsigned status = 0;
  std::size_t bytes = 0; ///< of the body of the response
  std::chrono::nanoseconds time{0};
  std::string workflow{};   ///< empty: none was found
  std::string request_id{}; ///< empty: it was not handled
};

struct http_server_options {
  std::string name; ///< in log lines
  std::size_t connections = limits::http_connections;
  std::chrono::milliseconds idle = limits::http_idle;
  std::chrono::milliseconds header_time = limits::http_header_time;
  std::chrono::milliseconds body_time = limits::http_body_time;
  std::chrono::milliseconds write_time = limits::http_write_time;
  std::size_t body = limits::http_body;
  /// Whether its connections may take the last file descriptors of the process,
  /// see is_reserved(): it is needed when there are no others.
  bool is_essential = false;
  /// PEM files, for https.
  std::string certificate{};
  std::string key{};
  /// Called by the thread of the server when a response is written; may be
  /// empty.
  std::function<void(const http_access&)> on_response{};
};

/// An HTTP/1.1 server with one thread. A port that is busy is tried again until
/// it is free.
class http_server {
public:
  /// Serves at the address of `where`; http or https. The error says what is
  /// wrong with the host or the certificate. `handler` is called by the thread
  /// of the server.
  static caf::expected<std::unique_ptr<http_server>>
  open(const url& where, http_handler handler,
       http_server_options options = {});

  virtual ~http_server() = default;

  /// The port that it listens on; 0: none at present.
  virtual std::uint16_t port() const = 0;
  /// Why it does not listen; empty: it does.
  virtual std::string problem() const = 0;
  virtual const http_statistics& statistics() const = 0;
};

} // namespace edgeless
