// SPDX-License-Identifier: MIT
#include "actors/instance/execution_monitor.hpp"

#include <caf/send.hpp>

namespace edgeless {

void execution_monitor::start() {
  auto& registry = *options_.registry;
  if (registry.samples_wanted || registry.histograms_wanted)
    timer_.start(registry.histograms_wanted ? registry.histograms.open(
                   options_.id, options_.spec.function_type)
                                            : nullptr,
                 registry.samples_wanted);
}

/// A few times a second, however many events are handled.
void execution_monitor::schedule_report() {
  if (timer_.waiting() == 0 || report_scheduled_)
    return;
  report_scheduled_ = true;
  self_->delayed_send(self_, limits::samples_pause, atom::drain_v);
}

void execution_monitor::report() {
  report_scheduled_ = false;
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
