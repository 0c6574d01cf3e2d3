// SPDX-License-Identifier: MIT
#include "actors/instance/execution_monitor.hpp"

#include <caf/send.hpp>

namespace edgeless {

void execution_monitor::start() {
  auto& registry = *options_.registry;
  if (registry.samples_wanted || registry.histograms_wanted)
    timer_.start(
      registry.histograms_wanted ? registry.histograms.open(
        options_.id, options_.spec.function_type, options_.spec.class_id)
                                 : nullptr,
      registry.samples_wanted);
}

void execution_monitor::end_slice(std::uint64_t memory) {
  assert(in_slice_);
  timer_.set_memory(memory);
  in_slice_ = false;
  timer_.leave();
  auto slice = std::chrono::steady_clock::now() - slice_start_;
  // Only slices that began within the event in hand count against it.
  busy_ = event_ended_ ? busy_.zero() : busy_ + slice;
  if (timer_.waiting() > 0 && !report_due_)
    report_due_ = clock_.now() + limits::samples_pause;
}

void execution_monitor::report() {
  report_due_.reset();
  auto& registry = *options_.registry;
  auto seconds = timer_.take();
  auto omitted = timer_.take_omitted();
  if (!seconds.empty()
      && registry.sample_credit->take(seconds.size() * sizeof(double)))
    caf::anon_send(options_.telemetry,
                   execution_times{options_.id, std::move(seconds)});
  else
    omitted += seconds.size();
  if (omitted > 0)
    registry.counters.samples_omitted.fetch_add(omitted,
                                                std::memory_order_relaxed);
}

} // namespace edgeless
