// SPDX-License-Identifier: MIT
#include "runtime/http/framing.hpp"

#include "messages/limits.hpp"

#include <iterator>

namespace edgeless {

namespace http = boost::beast::http;
using boost::system::error_code;

unsigned status_of_refusal(error_code x) {
  if (x == http::error::header_limit || x == http::error::buffer_overflow)
    return 431;
  if (x == http::error::body_limit)
    return 413;
  return 400;
}

unsigned fault_of_header(const http_request_parser& parser,
                         std::size_t longest_body) {
  auto& x = parser.get();
  auto has_encoding = x.count(http::field::transfer_encoding) > 0;
  auto has_length = x.count(http::field::content_length) > 0;
  auto hosts = x.count(http::field::host);
  if (x.version() != 10 && x.version() != 11)
    return 505;
  if (has_encoding
      && (has_length || x.version() < 11 || !parser.chunked()
          || x.count(http::field::transfer_encoding) > 1
          || !boost::beast::iequals(x[http::field::transfer_encoding],
                                    "chunked")))
    return 400;
  // RFC 9110 allows "5, 5"; other servers may take the last one.
  auto length_text = x[http::field::content_length];
  if (x.count(http::field::content_length) > 1 || hosts > 1
      || length_text.find(',') != boost::beast::string_view::npos
      || (hosts == 0 && x.version() > 10))
    return 400;
  auto target = x.target();
  if (!target.starts_with('/') && !target.starts_with("http://")
      && !target.starts_with("https://")
      && (target != "*" || x.method() != http::verb::options))
    return 400;
  if (x.version() < 11 && !has_length
      && (x.method() == http::verb::post || x.method() == http::verb::put
          || x.method() == http::verb::patch))
    return 411;
  if (x.count(http::field::expect) > 0
      && !boost::beast::iequals(x[http::field::expect], "100-continue"))
    return 417;
  if (static_cast<std::size_t>(std::distance(x.begin(), x.end()))
      > limits::http_headers)
    return 431;
  if (auto length = parser.content_length(); length && *length > longest_body)
    return 413;
  return 0;
}

} // namespace edgeless
