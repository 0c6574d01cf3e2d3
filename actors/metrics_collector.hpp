// SPDX-License-Identifier: MIT
#pragma once

#include "actors/neighbourhood.hpp"
#include "actors/outbox.hpp"
#include "actors/threads.hpp"

#include "runtime/redis.hpp"
#include "runtime/transactions.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// What the instances of `metrics-collector` need from their node.
struct collector_house {
  neighbourhood_ptr hood;
  links_actor links;
  redis_opener open;
  std::function<transactions::moment()> now;
  threads where = threads::own;
};

/// The time by the clocks of this machine.
transactions::moment machine_moment();

/// An instance of `metrics-collector`: times the processes that functions say
/// they begin and end, and writes samples and averages to Redis. Its
/// configuration: `alpha`, `wf_name`. Spawned by its PROVIDER, on a thread of
/// its own: Redis may hang, then samples are dropped and counted.
struct metrics_collector_state {
  using pointer = instance_actor::stateful_pointer<metrics_collector_state>;
  static inline constexpr const char* name = "metrics_collector";

  explicit metrics_collector_state(pointer self);

  caf::result<atom::ok> activate();
  void hear(const events& batch);
  bool write(const std::vector<redis_command>& commands);
  void answer(const events& batch, bool sound);
  void blame(const event& invalid);
  void complain(const std::string& problem);
  void stop();

  pointer self;
  physical_id id;
  component_spec spec;
  collector_house house;
  quota_ptr room;
  std::unique_ptr<outbox> answers;
  std::optional<transactions> heard;
  std::unique_ptr<redis> door;
  std::uint32_t failures = 0; ///< in a row
  /// Redis is not tried again before.
  caf::actor_clock::time_point not_before;
  caf::actor_clock::time_point next_complaint;
  caf::actor_clock::time_point next_blame;
  std::uint64_t invalid = 0; ///< events, since the last line about them
};

instance_actor::behavior_type
metrics_collector(metrics_collector_state::pointer self, physical_id id,
                  component_spec spec, collector_house house, quota_ptr room);

/// The PROVIDER of `metrics-collector` resources. Spawned by the NODE.
provider_actor::behavior_type
metrics_collector_provider(provider_actor::pointer self, collector_house house);

} // namespace edgeless
