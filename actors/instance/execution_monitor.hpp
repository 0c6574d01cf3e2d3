// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/function_instance_actor.hpp"

#include "runtime/metrics/event_timer.hpp"

#include <cassert>
#include <chrono>

namespace edgeless {

/// How long the guest runs: per event, for its deadline and for TELEMETRY. The
/// actor gets atom::drain when samples are to be reported.
class execution_monitor {
public:
  execution_monitor(function_instance_pointer self,
                    const function_options& options)
    : self_{self}, options_{options} {
    // nop
  }

  /// Takes samples and histograms, if the node wants them.
  void start();

  void begin_slice() {
    assert(!in_slice_);
    in_slice_ = true;
    event_ended_ = false;
    slice_start_ = clock::now();
    timer_.enter();
  }

  void end_slice() {
    assert(in_slice_);
    in_slice_ = false;
    timer_.leave();
    // Only slices that began within the event in hand count against it.
    busy_ = event_ended_ ? busy_.zero() : busy_ + (clock::now() - slice_start_);
    schedule_report();
  }

  /// next() gives the guest another event.
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

  /// Sends the samples to TELEMETRY, and counts those that are omitted.
  void report();

private:
  using clock = std::chrono::steady_clock;

  void schedule_report();

  function_instance_pointer self_;
  const function_options& options_;
  event_timer timer_;
  bool in_slice_ = false;
  bool event_ended_ = false; ///< during the slice
  clock::time_point slice_start_;
  std::chrono::nanoseconds busy_{0}; ///< for the event in hand
  bool report_scheduled_ = false;
};

} // namespace edgeless
