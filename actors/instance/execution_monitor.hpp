// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/function_options.hpp"

#include "runtime/metrics/event_timer.hpp"

#include <caf/actor_clock.hpp>

#include <cassert>
#include <chrono>
#include <optional>

namespace edgeless {

/// How long the guest runs: per event, for its deadline and for TELEMETRY.
class execution_monitor {
public:
  using time_point = caf::actor_clock::time_point;

  execution_monitor(const function_options& options, caf::actor_clock& clock)
    : options_{options}, clock_{clock} {
    // nop
  }

  /// Takes samples and histograms, if the node wants them.
  void start();

  void begin_slice() {
    assert(!in_slice_);
    in_slice_ = true;
    event_ended_ = false;
    slice_start_ = std::chrono::steady_clock::now();
    timer_.enter();
  }
  /// `memory`: of the guest, in bytes.
  void end_slice(std::uint64_t memory);

  /// The guest gets another event.
  void begin_event() {
    event_ended_ = true;
  }
  void finish_event(hook kind) {
    if (kind == hook::cast || kind == hook::call)
      timer_.lap(kind == hook::call);
    else
      timer_.skip();
  }

  /// The event in hand has run for so long in another process.
  void add_time(std::chrono::nanoseconds time) {
    timer_.credit(time);
  }

  /// The event in hand has run for longer than its deadline.
  bool is_overdue() const {
    return busy_ > options_.limits.deadline;
  }

  void count_omitted_logs(std::uint64_t lines) {
    options_.registry->counters.log_lines_omitted += lines;
    timer_.count_omitted_logs(lines);
  }

  /// When samples are to be reported: a few times a second, however many
  /// events are handled.
  const std::optional<time_point>& due() const {
    return report_due_;
  }
  /// Sends the samples to TELEMETRY, and counts those that are omitted.
  void report();

private:
  const function_options& options_;
  caf::actor_clock& clock_;
  event_timer timer_;
  bool in_slice_ = false;
  bool event_ended_ = false; ///< during the slice
  std::chrono::steady_clock::time_point slice_start_;
  std::chrono::nanoseconds busy_{0}; ///< for the event in hand
  std::optional<time_point> report_due_;
};

} // namespace edgeless
