// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/histogram.hpp"

#include "messages/ids.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace edgeless {

/// Execution times of the casts and calls that one function handled.
struct function_histogram {
  std::string function_id; ///< the instance id, or "other"
  std::string function_type;
  duration_histogram casts;
  duration_histogram calls;
};

using function_histogram_ptr = std::shared_ptr<function_histogram>;

/// The histograms of the functions of one node. At most limits::function_series
/// instances have their own; the others share one per type. Any thread.
class function_histograms {
public:
  /// The histogram of an instance that starts.
  function_histogram_ptr open(const physical_id& instance,
                              const std::string& type);

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
