// SPDX-License-Identifier: MIT
#pragma once

#include "messages/node.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace edgeless {

/// Buffers performance samples until the orchestrator fetches them: the newest
/// limits::samples of each instance and limits::samples_waiting in total; the
/// rest is counted as omitted. A lot is returned again under the same number
/// until it is acknowledged.
class sample_buffer {
public:
  void add(execution_times x);
  /// Log lines beyond limits::function_logs are omitted, the oldest first.
  void add(function_log x);
  void omit(std::uint64_t samples) {
    omitted_ += samples;
  }

  /// `acknowledged` is the number of the last lot that the orchestrator has
  /// received. If it is that of the current lot, returns the next one with at
  /// most limits::samples_per_report samples, otherwise the current one again.
  /// Without new samples, the lot is empty and keeps its number.
  const performance_samples& drain(std::uint64_t acknowledged);

  std::size_t size() const {
    return size_;
  }

private:
  struct chunk {
    std::uint64_t age = 0; ///< consecutive number over all chunks
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
  function_log take_log();
  std::size_t take(rows::iterator from, std::size_t most,
                   performance_samples& lot);

  rows rows_;
  /// The instance of each chunk, by age.
  std::map<std::uint64_t, physical_id> ages_;
  std::uint64_t last_age_ = 0;
  std::size_t size_ = 0;
  std::deque<function_log> logs_;
  std::size_t log_bytes_ = 0;
  std::uint64_t omitted_ = 0;
  /// The last instance of the current lot: instances take turns.
  physical_id cursor_;
  performance_samples lot_;
};

} // namespace edgeless
