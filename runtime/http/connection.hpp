// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/http/server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <unordered_set>

namespace edgeless {

class http_connection;

/// What the connections of one server share. Used by the thread of the server,
/// but for `io` and `statistics`.
struct http_server_state : std::enable_shared_from_this<http_server_state> {
  http_server_options options;
  http_handler handler;
  std::unique_ptr<boost::asio::ssl::context> tls; ///< nullptr: plaintext
  http_statistics statistics;
  std::unordered_set<http_connection*> connections;
  /// Those whose request is being handled: no operation owns them. Cleared
  /// before `io` ends.
  std::unordered_set<std::shared_ptr<http_connection>> handling;
  std::size_t bodies = 0; ///< bytes of bodies received and not answered
  bool is_closing = false;
  /// Last: its destructor destroys handlers that refer to the others.
  boost::asio::io_context io{1};
};

/// One connection of a client. Its operations own it.
class http_connection {
public:
  virtual ~http_connection() = default;
  /// Closes at once if no request is under way, else after its response.
  virtual void drain() = 0;
};

/// Serves the connection until it ends.
void serve_connection(const std::shared_ptr<http_server_state>& server,
                      boost::asio::ip::tcp::socket socket);

} // namespace edgeless
