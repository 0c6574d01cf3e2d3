// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"
#include "messages/inspect.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace edgeless {

enum class intent_kind : std::uint8_t {
  /// Moves `component` to the first feasible one of `nodes`.
  migrate,
  /// Nothing new is placed on the one node of `nodes`.
  cordon,
  uncordon,
  /// Cordons it, and migrates away what lives there.
  drain,
};

std::string to_string(intent_kind kind);

/// What somebody outside wants of a domain.
struct intent {
  intent_kind kind = intent_kind::migrate;
  logical_id component;
  std::vector<node_id> nodes;

  friend bool operator==(const intent&, const intent&) = default;
};
BOOST_DESCRIBE_STRUCT(intent, (), (kind, component, nodes))

} // namespace edgeless
