// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"
#include "messages/inspect.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace edgeless {

enum class intent_kind : std::uint8_t {
  /// Migrates `component` to the first feasible one of `nodes`.
  migrate,
  /// Places nothing new on the one node in `nodes`.
  cordon,
  uncordon,
  /// Cordons the one node in `nodes`, and migrates its instances away.
  drain,
};

std::string to_string(intent_kind kind);

/// A request of an operator to a domain.
struct intent {
  intent_kind kind = intent_kind::migrate;
  logical_id component;
  std::vector<node_id> nodes;

  friend bool operator==(const intent&, const intent&) = default;
};
BOOST_DESCRIBE_STRUCT(intent, (), (kind, component, nodes))

} // namespace edgeless
