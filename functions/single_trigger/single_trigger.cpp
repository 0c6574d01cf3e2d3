// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Casts one message to "out": the whole init payload, at once. If that begins
/// with one of the keys: `message` after `delay_ms`, and for every empty event.
struct single_trigger {
  void handle_init(string_view payload, string_view) {
    if (payload.empty())
      return;
    if (!payload.starts_with("message=") && !payload.starts_with("delay_ms="))
      return cast("out", payload);
    auto arguments = parse_init_payload(payload);
    message = string(arguments.get("message"));
    armed = true;
    delayed_cast(arguments.number<uint64_t>("delay_ms", 0), "self", "");
  }

  void handle_cast(const instance_id&, string_view event) {
    if (armed && event.empty())
      cast("out", message);
  }

  string message;
  bool armed = false;
};

EDGELESS_EXPORT(single_trigger)
