// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Answers every call with PONG.
struct pong {
  void handle_init(string_view, string_view) {
    log::info("Ponger: 'Init' called");
  }

  void handle_cast(const instance_id&, string_view message) {
    log::info("Ponger: 'Cast' called, MSG: ", listed(message));
  }

  call_result handle_call(const instance_id&, string_view message) {
    log::info("Ponger: 'Call' called, MSG: ", listed(message));
    return reply("PONG");
  }

  void handle_stop() {
    log::info("Ponger: 'Stop' called");
  }
};

EDGELESS_EXPORT(pong)
