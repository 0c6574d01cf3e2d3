// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Casts half of the integer it gets and one less than it, and a copy of the
/// event to "log".
struct system_test {
  void handle_init(string_view payload, string_view) {
    if (payload.empty())
      return log::info("started: None");
    log::info("started: Some(", listed(payload), ")");
    if (parse<int32_t>(payload))
      delayed_cast(1000, "self", payload);
  }

  void handle_cast(const instance_id& source, string_view message) {
    log::info("cast ", listed(source.component_id), ": ", message);
    if (auto n = parse<int32_t>(message)) {
      cast("out1", text(n.value / 2));
      cast("out2", text(int32_t(uint32_t(n.value) - 1)));
    } else {
      cast("err", text("parsing error: ", n.why));
    }
    cast("log", message);
  }
};

EDGELESS_EXPORT(system_test)
