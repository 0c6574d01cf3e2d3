// SPDX-License-Identifier: MIT
#include "test/fuzz/fuzz.hpp"

#include "runtime/http/edgeless_json.hpp"
#include "runtime/http/framing.hpp"

#include "messages/errors.hpp"

#include <boost/asio/buffer.hpp>

using namespace edgeless;

namespace {

namespace http = boost::beast::http;

constexpr std::size_t longest_body = 1000;

/// What becomes of one request.
struct verdict {
  unsigned refusal = 0; ///< the status; 0: it is handled, or incomplete
  bool is_complete = false;
  std::string body;

  friend bool operator==(const verdict&, const verdict&) = default;
};

/// Parses the first request of `text`, which arrives in parts of that size.
verdict parse(std::string_view text, std::size_t part, http_request& out) {
  http_request_parser parser;
  parser.body_limit(longest_body);
  parser.eager(true);
  std::string waiting;
  boost::system::error_code e;
  auto is_checked = false;
  while (!text.empty() && !parser.is_done()) {
    waiting += text.substr(0, part);
    text.remove_prefix(std::min(part, text.size()));
    for (std::size_t used = 1; used > 0 && !parser.is_done();) {
      used = parser.put(boost::asio::buffer(waiting), e);
      if (e == http::error::need_more)
        e = {};
      if (e)
        return {status_of_refusal(e), false, {}};
      waiting.erase(0, used);
    }
    if (parser.is_header_done() && !is_checked) {
      is_checked = true;
      if (auto status = fault_of_header(parser, longest_body))
        return {status, false, {}};
    }
  }
  if (!parser.is_done())
    return {};
  auto& x = parser.get();
  out.method = x.method_string();
  out.target = x.target();
  out.host = x[http::field::host];
  for (auto& field : x)
    out.headers.emplace_back(field.name_string(), field.value());
  out.body = x.body();
  return {0, true, x.body()};
}

/// A request that is handled reaches a function whole, in each format.
void check_payloads(const http_request& x) {
  for (auto format : {http_body_format::numbers, http_body_format::base64,
                      http_body_format::raw}) {
    auto read = request_of_http_payload(to_http_payload(x, format));
    if (!read)
      continue; // a host that no client may ask for
    fuzz::require(read->content.body == x.body);
    fuzz::require(read->content.host == x.host);
    fuzz::require(read->content.target == x.target);
  }
}

} // namespace

/// Requests of HTTP clients, and what functions send as responses and requests.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto text = fuzz::text(bytes, size);
  http_request whole, split;
  auto all_at_once = parse(text, size, whole);
  auto byte_by_byte = parse(text, 1, split);
  fuzz::require(all_at_once.is_complete == byte_by_byte.is_complete);
  fuzz::require(all_at_once.body == byte_by_byte.body);
  fuzz::require(whole.headers == split.headers);
  if (all_at_once.is_complete)
    check_payloads(whole);
  auto response = response_of_http_payload(text);
  fuzz::require(response || !explain(response.error()).empty());
  fuzz::require(!response
                || (response->status >= 200 && response->status < 600));
  auto request = request_of_http_payload(text);
  fuzz::require(request || !explain(request.error()).empty());
  return 0;
}
