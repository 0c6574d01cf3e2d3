// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Requests and responses of HTTP, as servers and clients here exchange them.
namespace edgeless {

/// Names as received; values without surrounding space.
using http_headers = std::vector<std::pair<std::string, std::string>>;

struct http_request {
  std::string method; ///< such as GET
  std::string target; ///< path and query
  std::string host;   ///< with the port, if the client has given one
  http_headers headers;
  std::string body;
  std::string client{}; ///< address and port
};

struct http_response {
  unsigned status = 200;
  http_headers headers;
  std::string body;
  /// Which workflow has answered, for the log; it is not sent.
  std::string workflow{};
};

/// The value of a header; nullptr: it is missing.
const std::string* find_header(const http_headers& headers,
                               std::string_view name);

/// A response with a line of text.
http_response text_response(unsigned status, std::string text);
/// 503: the request was not executed, and may be sent again after a second.
http_response retry_later(std::string text);

/// Whether a header can be sent: a token, and a value without control bytes.
bool is_valid_header(std::string_view name, std::string_view value);
/// Whether a header belongs to one connection only: such as Transfer-Encoding.
bool is_hop_by_hop(std::string_view name);
/// Whether two texts are equal but for the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string lower_case(std::string_view text);
/// The host of a Host header without its port.
std::string_view without_port(std::string_view host);

/// Whether a request with this method may be executed twice.
bool is_idempotent(std::string_view method);

/// Sends the response to one request: once, from any thread. If all copies are
/// destroyed before that, the client gets 500.
class http_responder {
public:
  using sender = std::function<void(http_response)>;

  explicit http_responder(sender send);

  void operator()(http_response x) const;

private:
  struct slot;
  std::shared_ptr<slot> slot_;
};

/// Handles one request; must not block.
using http_handler = std::function<void(http_request, http_responder)>;

} // namespace edgeless
