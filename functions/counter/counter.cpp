// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Counts up once a second, from the number in its init payload, or from 0.
struct counter {
  void handle_init(string_view payload, string_view) {
    cast("self", parse<int32_t>(payload) ? payload : string_view("0"));
  }

  void handle_cast(const instance_id&, string_view message) {
    auto previous = parse<int32_t>(message);
    check(bool(previous), "counter: not an integer");
    // Wraps around, as the original does.
    auto current = text(int32_t(uint32_t(previous.value) + 1));
    cast("output", current);
    delayed_cast(1000, "self", current);
  }
};

EDGELESS_EXPORT(counter)
