// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Casts to "result" the integer it gets, plus one.
struct incr {
  void handle_init(string_view, string_view) {
    log::info("incr: started");
  }

  void handle_cast(const instance_id&, string_view message) {
    log::info("incr: called with '", message, "'");
    if (auto n = parse<int32_t>(message)) // Wraps around.
      cast("result", text(int32_t(uint32_t(n.value) + 1)));
  }

  void handle_stop() {
    log::info("incr: stopped");
  }
};

EDGELESS_EXPORT(incr)
