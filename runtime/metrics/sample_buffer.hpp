// SPDX-License-Identifier: MIT
#pragma once

#include "messages/node.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace edgeless {

/// Keeps performance samples until they are asked for: the newest
/// limits::samples of each instance, limits::samples_waiting of all; the rest
/// is only counted. What was given out is given out again, under its number,
/// until it is acknowledged.
class sample_buffer {
public:
  void add(execution_times x);
  void omit(std::uint64_t samples) {
    omitted_ += samples;
  }

  /// The lot after the one with number `taken`; the one that was given out
  /// last, if that is not it. At most limits::samples_per_report: the rest
  /// comes with the next. Nothing new: a lot without samples, and the number
  /// of the last one.
  const performance_samples& drain(std::uint64_t taken);

  std::size_t size() const {
    return size_;
  }

private:
  struct chunk {
    std::uint64_t age = 0; ///< counts chunks
    std::vector<double> seconds;
  };
  struct row {
    std::deque<chunk> chunks; ///< oldest first
    std::size_t size = 0;
  };
  using rows = std::map<physical_id, row>;

  void trim(row& x, std::size_t excess);
  void drop_oldest();
  void fill(performance_samples& lot);
  std::size_t take(rows::iterator from, std::size_t most,
                   performance_samples& lot);

  rows rows_;
  /// Whose chunk is how old.
  std::map<std::uint64_t, physical_id> ages_;
  std::uint64_t last_age_ = 0;
  std::size_t size_ = 0;
  std::uint64_t omitted_ = 0;
  /// Where the last lot ended: instances take turns.
  physical_id cursor_;
  performance_samples lot_;
};

} // namespace edgeless
