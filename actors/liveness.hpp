// SPDX-License-Identifier: MIT
#pragma once

#include "messages/limits.hpp"

#include <caf/actor.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace edgeless {

/// Whether the actors that a program cannot do without, and the thread pool,
/// take up messages: each is asked every limits::liveness_interval, by a
/// request that CAF answers on behalf of any actor.
class liveness {
public:
  using time_point = caf::actor_clock::time_point;

  struct subject {
    std::string name; ///< such as "the NODE"
    caf::actor handle;
  };

  /// Asks from now on, from an actor in the pool.
  liveness(caf::actor_system& system, const std::vector<subject>& subjects);
  liveness(const liveness&) = delete;
  ~liveness();

  /// What has not answered for limits::liveness; empty: all is alive. For any
  /// thread.
  std::string problem(time_point now) const;

  /// When a part has answered last.
  struct record {
    std::string name;
    std::atomic<time_point::rep> last;
  };
  using record_ptr = std::shared_ptr<record>;

private:
  std::vector<record_ptr> records_;
  caf::actor asking_;
};

} // namespace edgeless
