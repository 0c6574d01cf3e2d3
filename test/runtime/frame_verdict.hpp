// SPDX-License-Identifier: MIT
#pragma once

#include "test/runtime/frame_bytes.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>

namespace edgeless::bytes {

inline frame_rules rules(peer_role peer, peer_role self, bool accepted = true) {
  return {accepted,
          node_id_of(us),
          std::make_shared<admission_table>(admission(peer, self)),
          {}};
}

/// What becomes of a frame from `peer` on a connection that it has made.
inline std::string verdict(const std::string& frame,
                           peer_role peer = peer_role::node,
                           peer_role self = peer_role::orchestrator) {
  frame_check check{rules(peer, self)};
  REQUIRE(feed(check, greeting_of_client()) == refusal::none);
  return std::string{to_string(feed(check, frame))};
}

/// What becomes of a first frame.
inline std::string first(const std::string& frame, bool accepted = true) {
  frame_check check{rules(peer_role::node, peer_role::orchestrator, accepted)};
  return std::string{to_string(feed(check, frame))};
}

template <class T>
frame with(frame x, T frame::*member, std::type_identity_t<T> value) {
  x.*member = std::move(value);
  return x;
}

inline frame fetch() {
  return tell(atom::fetch_v, code_id{"c"}, std::uint64_t{0});
}

/// Which has no answer, and no number.
inline frame exited() {
  return with(tell(atom::exited_v, session_id{}, logical_id{}, physical_id{},
                   std::string{"why"}),
              &frame::data, caf::message_id::default_async_value);
}

} // namespace edgeless::bytes
