// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Casts what it gets to both outputs. Calls fail.
struct dup {
  void handle_cast(const instance_id&, string_view message) {
    cast("out1", message);
    cast("out2", message);
  }

  call_result handle_call(const instance_id&, string_view) {
    return call_failed();
  }
};

EDGELESS_EXPORT(dup)
