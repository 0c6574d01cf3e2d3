// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Casts PING to "ponger" once a second, the first time after ten.
struct ping_async {
  void handle_init(string_view, string_view) {
    log::info("AsyncPinger: 'Init' called");
    delayed_cast(10000, "self", "wakeup");
  }

  void handle_cast(const instance_id&, string_view message) {
    if (message == "wakeup") {
      log::info("AsyncPinger: 'Cast' Wakeup");
      cast("ponger", "PING");
      delayed_cast(1000, "self", "wakeup");
    } else {
      log::info("AsyncPinger: 'Cast' Got Response");
    }
  }

  call_result handle_call(const instance_id&, string_view message) {
    log::info("AsyncPinger: 'Call' called, MSG: ", message);
    return {};
  }

  void handle_stop() {
    log::info("AsyncPinger: 'Stop' called");
  }
};

EDGELESS_EXPORT(ping_async)
