// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"

#include <cstdint>
#include <string>

namespace edgeless {

enum class telemetry_kind : std::uint8_t {
  /// The instance exists; `seconds` it took.
  instantiated,
  /// Its init hook has run.
  initialised,
  /// A line the guest wrote: `level`, `target` and `text`.
  log,
  /// Its stop hook has run.
  stopped,
  /// It is gone; `text` says why, empty if it was asked to stop.
  exited,
};

/// Something an instance did.
struct telemetry_event {
  telemetry_kind kind = telemetry_kind::log;
  instance_id source;
  std::string class_id;
  double seconds = 0;
  std::uint32_t level = 3; ///< 1 error, 2 warning, 3 info, 4 debug, 5 trace
  std::string target;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(telemetry_event, (),
                      (kind, source, class_id, seconds, level, target, text))

} // namespace edgeless
