// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Casts to "output" the average of the last N numbers, once it has as many;
/// N is the init payload.
struct moving_avg {
  void handle_init(string_view payload, string_view) {
    if (payload.empty())
      return;
    ready = true;
    size = parse<uint32_t>(payload).value_or(0);
    log::info("moving_avg initialized with size = ", size);
  }

  void handle_cast(const instance_id& source, string_view message) {
    log::info("moving_avg casted, node ", listed(source.node_id), ", function ",
              listed(source.component_id), ", MSG: ", message);
    check(ready, "moving_avg: no size in the init payload");
    auto number = parse<float>(message);
    if (!number) {
      cast("error",
           text("invalid event payload '", listed(message), "': ", number.why));
      return;
    }
    if (size == 0)
      return;
    if (values.size() < size)
      values.push_back(number.value);
    else
      values[oldest] = number.value;
    if (values.size() < size)
      return;
    // From the newest to the oldest, as the original adds them: the order
    // shows in the last digit.
    auto newest = full ? oldest : size - 1;
    full = true;
    oldest = (newest + 1) % size;
    float sum = 0;
    for (uint32_t i = 0; i < size; ++i)
      sum += values[newest >= i ? newest - i : newest + size - i];
    cast("output", text(sum / float(size)));
  }

  void handle_stop() {
    log::info("moving_avg stopped");
  }

  vector<float> values; // A ring, once it is full.
  uint32_t size = 0;
  uint32_t oldest = 0;
  bool full = false;
  bool ready = false;
};

EDGELESS_EXPORT(moving_avg)
