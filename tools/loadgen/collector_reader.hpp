// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace edgeless::benchmark {

/// Reads from Redis what metrics-collectors have written: their journals, and
/// the samples of functions.
class collector_reader {
public:
  explicit collector_reader(std::unique_ptr<redis> connection)
    : connection_{std::move(connection)} {
    // nop
  }

  caf::error ping();

  /// Removes up to load_limits::journal_lines from each of these lists, the
  /// oldest first, and passes the index of the list and the line to `take`.
  /// Returns the number of lines.
  caf::expected<std::size_t>
  drain(const std::vector<std::string>& lists,
        const std::function<void(std::size_t, const std::string&)>& take);

  void remove(const std::vector<std::string>& keys);

  /// Passes the samples of functions to `take`, the oldest first: the id of the
  /// instance or component, and `MILLISECONDS,TIMESTAMP`.
  caf::error read_function_samples(
    const std::function<void(const std::string& id, const std::string& sample)>&
      take);

private:
  caf::expected<std::vector<std::string>> sample_keys();

  std::unique_ptr<redis> connection_;
};

} // namespace edgeless::benchmark
