// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Logs every event.
struct noop {
  void handle_init(string_view payload, string_view) {
    if (payload.empty())
      log::info("Noop initialized, payload: None");
    else
      log::info("Noop initialized, payload: Some(", listed(payload), ")");
  }

  void handle_cast(const instance_id& source, string_view message) {
    report("casted", source, message);
  }

  call_result handle_call(const instance_id& source, string_view message) {
    report("called", source, message);
    return {};
  }

  void handle_stop() {
    log::info("Noop stopped");
  }

  void report(string_view what, const instance_id& source,
              string_view message) {
    log::info("Noop ", what, ", node ", listed(source.node_id), ", function ",
              listed(source.component_id), ", MSG: ", listed(message));
  }
};

EDGELESS_EXPORT(noop)
