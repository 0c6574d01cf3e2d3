// SPDX-License-Identifier: MIT
#include "runtime/net/basp/refusal.hpp"

#include <iterator>

namespace edgeless {

std::string_view to_string(refusal reason) {
  static constexpr std::string_view names[] = {
    "none",
    "too_many_connections",
    "silent",
    "handshake_aborted",
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
    "expands_too_much",
    "too_many_actors",
    "bad_tls",
    "bad_certificate",
    "wrong_role",
    "identity_mismatch",
    "no_request",
    "too_many_requests",
    "slow_reader",
  };
  static_assert(std::size(names) == refusals);
  auto index = static_cast<std::size_t>(reason);
  return index < refusals ? names[index] : "unknown";
}

} // namespace edgeless
