// SPDX-License-Identifier: MIT
#include "runtime/metrics/event_timer.hpp"

#include "messages/limits.hpp"

#include <utility>

namespace edgeless {

void event_timer::start(function_histogram_ptr histograms, bool keep_samples) {
  histograms_ = std::move(histograms);
  keep_samples_ = keep_samples;
  on_ = histograms_ || keep_samples_;
}

void event_timer::flush() {
  if (keep_samples_ && samples_.empty())
    samples_.reserve(laps_.size());
  duration_histogram::counters tallies[2];
  for (auto [duration, is_call] : laps_) {
    auto nanoseconds = std::chrono::nanoseconds{duration}.count();
    tallies[is_call].observe(static_cast<std::uint64_t>(nanoseconds));
    if (keep_samples_)
      samples_.push_back(std::chrono::duration<double>{duration}.count());
  }
  laps_.clear();
  if (histograms_ && tallies[0].count > 0)
    histograms_->casts.add(tallies[0]);
  if (histograms_ && tallies[1].count > 0)
    histograms_->calls.add(tallies[1]);
  // Trimmed at twice the limit, so that samples are rarely moved.
  if (samples_.size() > 2 * limits::samples)
    trim();
}

/// Keeps the newest limits::samples.
void event_timer::trim() {
  if (samples_.size() <= limits::samples)
    return;
  auto excess = samples_.size() - limits::samples;
  samples_.erase(samples_.begin(),
                 samples_.begin() + static_cast<std::ptrdiff_t>(excess));
  omitted_ += excess;
}

std::vector<double> event_timer::take() {
  trim();
  return std::exchange(samples_, {});
}

std::uint64_t event_timer::take_omitted() {
  return std::exchange(omitted_, 0);
}

} // namespace edgeless
