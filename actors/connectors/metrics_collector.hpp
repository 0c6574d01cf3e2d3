// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource_provider.hpp"

#include "runtime/metrics_collector/transaction_times.hpp"
#include "runtime/redis/client.hpp"

#include <functional>

namespace edgeless {

/// The Redis that samples are written to, and the clocks.
struct collector_options {
  redis_opener open;
  std::function<transaction_times::moment()> now;
};

/// The present time by the clocks of this machine.
transaction_times::moment current_moment();

/// The PROVIDER of `metrics-collector`, which measures the transactions that
/// functions begin and end by their events, and writes samples and averages to
/// Redis. Its configuration: `alpha`, `wf_name`, and `journal`, the key for the
/// outcome of each transaction of the workflow (see transaction_times). Redis
/// may block: the instances need threads of their own. They drop and count the
/// samples that Redis does not accept. Spawned by the NODE.
provider_actor::behavior_type
metrics_collector_provider(provider_actor::pointer self,
                           resource_context context, collector_options options);

} // namespace edgeless
