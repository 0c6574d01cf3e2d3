// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Casts to "result" twice the integer it gets.
struct double_function {
  static constexpr string_view log_target = "double";

  void handle_init(string_view, string_view) {
    log::info("double: started");
  }

  void handle_cast(const instance_id&, string_view message) {
    log::info("double: called with '", message, "'");
    if (auto n = parse<int32_t>(message)) // Wraps around.
      cast("result", text(int32_t(2 * uint32_t(n.value))));
  }

  void handle_stop() {
    log::info("double: stopped");
  }
};

EDGELESS_EXPORT(double_function)
