// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"

#include <cstdint>
#include <string>

namespace edgeless {

enum class telemetry_kind : std::uint8_t {
  /// The instance was created, which took `seconds`.
  instantiated,
  /// The init hook has run.
  initialised,
  /// The guest logged a line: `level`, `target` and `text`.
  log,
  /// The guest logged a line for measurements: `target` and `text`.
  measurement,
  /// The stop hook has run.
  stopped,
  /// The instance has ended; `text` is the reason, empty after a stop request.
  exited,
};

/// A step in the life cycle of an instance, or a line that its guest logged.
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
