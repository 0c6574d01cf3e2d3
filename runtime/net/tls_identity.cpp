// SPDX-License-Identifier: MIT
#include "runtime/net/tls_identity.hpp"

#include "messages/errors.hpp"
#include "messages/ids.hpp"
#include "messages/limits.hpp"

#include <charconv>

namespace edgeless {

namespace {

constexpr std::string_view scheme = "edgeless://";

constexpr peer_role roles[] = {peer_role::client, peer_role::controller,
                               peer_role::orchestrator, peer_role::node};

/// An unreserved character of RFC 3986, section 2.3.
bool is_unreserved(char x) {
  return (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z')
         || (x >= '0' && x <= '9') || x == '-' || x == '.' || x == '_'
         || x == '~';
}

std::string encode(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string result;
  for (auto x : text) {
    auto bits = static_cast<unsigned char>(x);
    if (is_unreserved(x))
      result += x;
    else
      result.append({'%', digits[bits >> 4], digits[bits & 15]});
  }
  return result;
}

std::optional<std::string> decode(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    if (text[0] != '%') {
      result += text[0];
      text.remove_prefix(1);
      continue;
    }
    unsigned bits = 0;
    if (text.size() < 3
        || std::from_chars(&text[1], &text[1] + 2, bits, 16).ptr
             != &text[1] + 2)
      return std::nullopt;
    result += static_cast<char>(bits);
    text.remove_prefix(3);
  }
  return result;
}

} // namespace

std::string_view to_string(peer_role role) {
  switch (role) {
  case peer_role::client:
    return "client";
  case peer_role::controller:
    return "controller";
  case peer_role::orchestrator:
    return "orchestrator";
  default:
    return "node";
  }
}

std::string to_string(const tls_identity& x) {
  auto result = std::string{scheme} + std::string{to_string(x.role)};
  return x.name.empty() ? result : result + '/' + encode(x.name);
}

std::optional<tls_identity> parse_identity(std::string_view uri) {
  if (!uri.starts_with(scheme) || uri.size() > 4 * limits::peer_name)
    return std::nullopt;
  auto rest = uri.substr(scheme.size());
  auto slash = rest.find('/');
  auto name = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  auto plain = decode(name);
  if (!plain)
    return std::nullopt;
  auto result = make_identity(rest.substr(0, slash), *plain);
  // Each identity has one spelling, so that comparing texts compares
  // identities.
  if (!result || to_string(*result) != uri)
    return std::nullopt;
  return std::move(*result);
}

caf::expected<tls_identity> make_identity(std::string_view role,
                                          std::string_view name) {
  tls_identity result;
  auto known = false;
  for (auto x : roles)
    if (to_string(x) == role) {
      result.role = x;
      known = true;
    }
  if (!known)
    return fail(ec::bad_input, "\"" + std::string{role}
                                 + "\" is none of node, orchestrator, "
                                   "controller, client");
  result.name = name;
  if (name.size() > limits::peer_name)
    return fail(ec::bad_input, "the name has more than "
                                 + std::to_string(limits::peer_name)
                                 + " bytes");
  if (result.role == peer_role::controller && !name.empty())
    return fail(ec::bad_input, "a controller has no name");
  if (result.role != peer_role::controller && name.empty())
    return fail(ec::bad_input, result.role == peer_role::node
                                 ? "the UUID of the node is missing"
                               : result.role == peer_role::orchestrator
                                 ? "the domain id of the orchestrator is "
                                   "missing"
                                 : "the name of the client is missing");
  if (result.role == peer_role::node) {
    auto id = parse_id<node_id>(name);
    if (!id || !*id)
      return fail(ec::bad_input, "\"" + std::string{name} + "\" is no UUID");
    result.name = to_string(*id);
  }
  return result;
}

} // namespace edgeless
