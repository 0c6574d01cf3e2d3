// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Casts a numbered message to "output" every `period` ms.
struct message_generator {
  void handle_init(string_view payload, string_view) {
    auto arguments = parse_init_payload(payload);
    period_ms = arguments.number<uint64_t>("period", 1000);
    cast("self", arguments.get("message", "hello world"));
  }

  // Each event starts another series: its message is cast again by a timer.
  void handle_cast(const instance_id& source, string_view message) {
    cast("output", text("from node_id ", source.node_id, " function_id ",
                        source.component_id, " [#", count++, "]: ", message));
    delayed_cast(period_ms, "self", message);
  }

  uint64_t period_ms = 1000;
  uint64_t count = 0;
};

EDGELESS_EXPORT(message_generator)
