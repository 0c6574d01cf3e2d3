// SPDX-License-Identifier: MIT
#pragma once

#include <boost/beast/http.hpp>

#include <cstddef>

/// Where a request begins and ends, beyond what the parser refuses.
namespace edgeless {

using http_request_parser
  = boost::beast::http::request_parser<boost::beast::http::string_body>;

/// The status for a request that the parser refuses with this error.
unsigned status_of_refusal(boost::system::error_code x);

/// 0, or the status of a request that is refused before its body is read. What
/// could be understood in two ways is refused: a proxy in front might see other
/// requests than this server.
unsigned fault_of_header(const http_request_parser& parser,
                         std::size_t longest_body);

} // namespace edgeless
