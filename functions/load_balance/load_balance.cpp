// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Casts its events in turn to out1, out2, ..., as many as `num_outputs` of the
/// init payload says.
struct load_balance {
  void handle_init(string_view payload, string_view) {
    outputs = parse_init_payload(payload).number<uint32_t>("num_outputs", 0);
  }

  void handle_cast(const instance_id&, string_view message) {
    if (outputs == 0)
      return;
    last = (last + 1) % outputs;
    cast(text("out", last + 1), message);
  }

  call_result handle_call(const instance_id&, string_view) {
    return call_failed();
  }

  uint32_t outputs = 0;
  uint32_t last = 0; // From 0 on.
};

EDGELESS_EXPORT(load_balance)
