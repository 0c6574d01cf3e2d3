// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/histogram.hpp"

#include "messages/ids.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace edgeless {

/// What is measured of one function.
struct function_histogram {
  std::string function_id; ///< the instance id, or "other"
  std::string function_type;
  std::string class_id; ///< empty for "other"
  /// Execution times.
  duration_histogram casts;
  duration_histogram calls;
  /// Linear memory, after its last time slice.
  std::atomic<std::uint64_t> memory_bytes{0};
  /// Beyond what a function may log per second.
  std::atomic<std::uint64_t> log_lines_omitted{0};
};

using function_histogram_ptr = std::shared_ptr<function_histogram>;

/// The histograms of the functions of one node. At most limits::function_series
/// instances have their own; the others share one per type. Any thread.
class function_histograms {
public:
  /// The histogram of an instance that starts.
  function_histogram_ptr open(const physical_id& instance,
                              const std::string& type,
                              const std::string& class_id = {});

  /// Removes an instance and its series.
  void close(const physical_id& instance);

  struct reading {
    std::vector<function_histogram_ptr> histograms; ///< the shared ones last
    std::map<std::string, std::size_t> running;     ///< by type
    std::size_t sharing = 0; ///< instances that use a shared histogram
  };
  reading read() const;

private:
  struct entry {
    function_histogram_ptr histogram;
    bool is_own = false;
  };

  mutable std::mutex mutex_;
  std::map<physical_id, entry> entries_;
  std::size_t own_ = 0;
  std::map<std::string, function_histogram_ptr> shared_; ///< by type
};

} // namespace edgeless
