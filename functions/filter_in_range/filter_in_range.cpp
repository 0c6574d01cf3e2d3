// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Casts the numbers within a range to "output", errors and others to "error".
struct filter_in_range {
  void handle_init(string_view payload, string_view) {
    if (payload.empty())
      return;
    ready = true;
    auto comma = payload.find(',');
    auto lower = parse<float>(payload.substr(0, comma));
    auto upper = parse<float>(payload.substr(comma + 1));
    if (lower && upper) {
      minimum = lower.value;
      maximum = upper.value;
    }
    log::info("Filter_in_range initialized with [", minimum, ",", maximum, "]");
  }

  void handle_cast(const instance_id& source, string_view message) {
    log::info("Filter_in_range casted, node ", listed(source.node_id),
              ", function ", listed(source.component_id), ", MSG: ", message);
    auto number = parse<float>(message);
    if (!number) {
      cast("error",
           text("invalid event payload '", message, "': ", number.why));
      return;
    }
    check(ready, "filter_in_range: no range in the init payload");
    if (number.value >= minimum && number.value <= maximum)
      cast("output", message);
    else
      cast("error", text("value '", number.value, "' out of range [", minimum,
                         ",", maximum, "]"));
  }

  void handle_stop() {
    log::info("Filter_in_range stopped");
  }

  bool ready = false;
  float minimum = 0;
  float maximum = 0;
};

EDGELESS_EXPORT(filter_in_range)
