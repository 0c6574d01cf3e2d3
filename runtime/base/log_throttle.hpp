// SPDX-License-Identifier: MIT
#pragma once

#include "messages/limits.hpp"

#include <cassert>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace edgeless {

/// Keeps a log from growing with what a peer or a loop repeats: one line per
/// subject and limits::log_pause, with the number of those that it stands for.
/// For one thread.
class log_throttle {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// How many lines about the subject were left out since the last one, if it
  /// is time for the next. Subjects beyond limits::log_subjects count as one.
  std::optional<std::uint64_t> admit(std::string subject, time_point now) {
    // Not for each of many strangers: that would cost more than their lines.
    if (subjects_.size() >= limits::log_subjects && now >= next_sweep_) {
      next_sweep_ = now + std::chrono::seconds{1};
      std::erase_if(subjects_, [&](auto& x) {
        auto last
          = x.second.omitted == 0 ? std::chrono::seconds{0} : limits::log_pause;
        return x.second.quiet_until + last <= now;
      });
    }
    if (subjects_.size() >= limits::log_subjects
        && !subjects_.contains(subject))
      subject.clear();
    assert(subjects_.size() <= limits::log_subjects + 1);
    auto& x = subjects_[subject];
    if (now < x.quiet_until) {
      ++x.omitted;
      return std::nullopt;
    }
    x.quiet_until = now + limits::log_pause;
    return std::exchange(x.omitted, 0);
  }

  /// Calls `log` with the end of the line, such as " omitted=3", if it is time
  /// for a line about the subject.
  template <class F>
  void operator()(std::string subject, time_point now, F log) {
    if (auto omitted = admit(std::move(subject), now))
      log(*omitted > 0 ? " omitted=" + std::to_string(*omitted)
                       : std::string{});
  }

private:
  struct entry {
    time_point quiet_until{};
    std::uint64_t omitted = 0;
  };

  std::map<std::string, entry> subjects_;
  time_point next_sweep_{};
};

} // namespace edgeless
