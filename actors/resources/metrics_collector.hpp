// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/metrics_collector/transaction_times.hpp"
#include "runtime/redis/client.hpp"

#include <functional>

namespace edgeless {

/// Where samples go, and what time it is.
struct collector_doors {
  redis_opener open;
  std::function<transaction_times::moment()> now;
};

/// The time by the clocks of this machine.
transaction_times::moment machine_moment();

/// The PROVIDER of `metrics-collector`, which times the processes that
/// functions say they begin and end, and writes samples and averages to Redis.
/// Its configuration: `alpha`, `wf_name`; `journal`, a key for what becomes of
/// each transaction of the workflow (see transactions). Redis may hang: its
/// instances want threads of their own, and drop and count what it cannot take.
/// Spawned by the NODE.
provider_actor::behavior_type
metrics_collector_provider(provider_actor::pointer self,
                           resource_context context, collector_doors acceptors);

} // namespace edgeless
