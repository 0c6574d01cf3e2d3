// SPDX-License-Identifier: MIT
#include "runtime/http/message.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>

namespace edgeless {

http_response text_response(unsigned status, std::string text) {
  return {status, {{"content-type", "text/plain"}}, std::move(text)};
}

http_response retry_later(std::string text) {
  auto result = text_response(503, std::move(text));
  result.headers.emplace_back("retry-after", "1");
  return result;
}

const std::string* find_header(const http_headers& headers,
                               std::string_view name) {
  for (auto& [key, value] : headers)
    if (equal_ignoring_case(key, name))
      return &value;
  return nullptr;
}

bool is_valid_header(std::string_view name, std::string_view value) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  auto is_token = [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0
           || others.find(c) != std::string_view::npos;
  };
  auto is_text = [](char c) {
    auto x = static_cast<unsigned char>(c);
    return c == '\t' || (x >= 0x20 && x != 0x7F);
  };
  return !name.empty() && std::ranges::all_of(name, is_token)
         && std::ranges::all_of(value, is_text);
}

bool is_hop_by_hop(std::string_view name) {
  // RFC 9110, section 7.6.1, and the length, which each sender computes.
  constexpr std::array<std::string_view, 9> names{
    "connection", "content-length", "keep-alive",        "proxy-connection",
    "te",         "trailer",        "transfer-encoding", "upgrade",
    "expect"};
  return std::ranges::any_of(
    names, [&](auto x) { return equal_ignoring_case(name, x); });
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::string lower_case(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('['))
    return host.substr(0, std::min(host.size(), host.find(']') + 1));
  return host.substr(0, host.find(':'));
}

bool is_idempotent(std::string_view method) {
  // RFC 9110, section 9.2.2.
  return method == "GET" || method == "HEAD" || method == "PUT"
         || method == "DELETE" || method == "OPTIONS";
}

// -- responder ----------------------------------------------------------------

struct http_responder::slot {
  explicit slot(sender x) : send{std::move(x)} {
    // nop
  }
  ~slot() {
    respond(text_response(500, "no response\n"));
  }
  void respond(http_response x) {
    if (!done.exchange(true))
      send(std::move(x));
  }

  sender send;
  std::atomic<bool> done{false};
};

http_responder::http_responder(sender send)
  : slot_{std::make_shared<slot>(std::move(send))} {
  // nop
}

void http_responder::operator()(http_response x) const {
  slot_->respond(std::move(x));
}

} // namespace edgeless
