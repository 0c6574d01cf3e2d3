// SPDX-License-Identifier: MIT
#include "runtime/frame_refusal.hpp"

#include <iterator>

namespace edgeless {

std::string_view to_string(refusal reason) {
  static constexpr std::string_view names[] = {
    "none",
    "crowded",
    "silent",
    "hung_up",
    "no_handshake",
    "bad_handshake",
    "other_application",
    "own_node",
    "late_handshake",
    "bad_header",
    "too_large",
    "routed",
    "named_receiver",
    "stream",
    "not_admitted",
    "wrong_receiver",
    "bad_content",
    "swells",
    "too_many_actors",
    "bad_tls",
    "bad_certificate",
    "wrong_role",
    "foreign_name",
    "no_request",
    "too_many_requests",
    "unread",
  };
  static_assert(std::size(names) == refusals);
  auto index = static_cast<std::size_t>(reason);
  return index < refusals ? names[index] : "unknown";
}

} // namespace edgeless
