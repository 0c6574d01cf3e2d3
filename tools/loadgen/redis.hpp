// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace edgeless::benchmark {

/// What metrics-collectors have left in Redis for an experiment.
class collected {
public:
  explicit collected(std::unique_ptr<redis> acceptor)
    : acceptor_{std::move(acceptor)} {
    // nop
  }

  caf::error ping();

  /// Takes what is in these lists, the oldest lines first: `take` gets the
  /// place of the list and each of its lines. Returns how many there were.
  caf::expected<std::size_t>
  drain(const std::vector<std::string>& lists,
        const std::function<void(std::size_t, const std::string&)>& take);

  void forget(const std::vector<std::string>& keys);

  /// The samples of functions, `MILLISECONDS,TIMESTAMP`, the oldest first; by
  /// the id of their instance or component.
  caf::error
  function_samples(const std::function<void(const std::string& id,
                                            const std::string& sample)>& take);

private:
  caf::expected<std::vector<std::string>> sample_keys();

  std::unique_ptr<redis> acceptor_;
};

} // namespace edgeless::benchmark
