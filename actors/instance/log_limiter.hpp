// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"

#include <caf/actor_clock.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace edgeless {

/// Limits the log lines of one guest, per second, and counts those that it
/// omits, so that a guest that logs in a loop does not fill the disk.
class log_limiter {
public:
  using time_point = caf::actor_clock::time_point;

  /// Lines and their bytes.
  struct amount {
    std::uint64_t lines = 0;
    std::uint64_t bytes = 0;
  };

  explicit log_limiter(const log_rate& most) : most_{most} {
    // nop
  }

  /// Whether a line of `bytes` may be logged. False: it counts as omitted.
  bool take(time_point now, std::size_t bytes) {
    if (now >= end_ && omitted_.lines == 0) {
      end_ = now + std::chrono::seconds{1};
      used_ = {};
    }
    auto has_room
      = used_.lines < most_.lines && used_.bytes + bytes <= most_.bytes;
    auto& sum = now < end_ && has_room ? used_ : omitted_;
    ++sum.lines;
    sum.bytes += bytes;
    return &sum == &used_;
  }

  /// When omitted lines are to be reported; nullopt: there are none.
  std::optional<time_point> due() const {
    return omitted_.lines > 0 ? std::optional{end_} : std::nullopt;
  }

  /// The lines omitted since the last call; the next second begins.
  amount take_omitted() {
    end_ = {};
    return std::exchange(omitted_, {});
  }

private:
  const log_rate& most_;
  time_point end_{}; ///< of the current second
  amount used_;      ///< in the current second
  amount omitted_;
};

} // namespace edgeless
