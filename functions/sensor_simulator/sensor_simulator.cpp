// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Casts to "output" a random number from `min-value` to `max-value` every
/// `period` ms.
struct sensor_simulator {
  void handle_init(string_view payload, string_view) {
    auto arguments = parse_init_payload(payload);
    period = arguments.number<uint64_t>("period", 1000);
    minimum = arguments.number<float>("min-value", 0);
    maximum = arguments.number<float>("max-value", 1);
    numbers = lcg(arguments.number<uint32_t>("seed", 0));
    cast("self", "");
  }

  void handle_cast(const instance_id& source, string_view) {
    auto value = numbers.rand() * (maximum - minimum) + minimum;
    log::info("sensor_simulator ", listed(source.node_id), ":",
              listed(source.component_id), ", new value generated: ", value);
    cast("output", text(value));
    delayed_cast(period, "self", "");
  }

  uint64_t period = 1000;
  float minimum = 0;
  float maximum = 1;
  lcg numbers;
};

EDGELESS_EXPORT(sensor_simulator)
