// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Casts PONG2 back to the source of every cast.
struct pong_async {
  void handle_init(string_view, string_view) {
    log::info("AsyncPonger: 'Init' called");
  }

  void handle_cast(const instance_id& source, string_view message) {
    log::info("AsyncPonger: 'Cast' called, MSG: ", listed(message));
    cast_raw(source, "PONG2");
  }

  call_result handle_call(const instance_id&, string_view message) {
    log::info("AsyncPonger: 'Call' called, MSG: ", listed(message));
    return {};
  }

  void handle_stop() {
    log::info("AsyncPonger: 'Stop' called");
  }
};

EDGELESS_EXPORT(pong_async)
