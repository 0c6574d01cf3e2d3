// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/plan.hpp"

#include "runtime/wasm/engine.hpp"

/// The parts of the report. Each measures its baselines in the same run.
namespace edgeless::benchmark {

/// Casts per second between two functions, in one node and between two.
rows casts(const plan& how);

/// Events per second through chains of functions, from one function to many,
/// and from many to one, in one node.
rows fans(const plan& how);

/// Processor time and memory of the daemons while they are idle.
rows daemons(const plan& how);

/// Latency of calls between two functions, in one node and between two.
rows calls(const plan& how);

/// Latency of casts at a fixed rate, measured from the scheduled time (open
/// loop).
rows latency(const plan& how);

/// Start latency of functions, and starts per second.
rows starts(const plan& how);

/// Latency from the request of a workflow to its first event.
rows workflow_start(const plan& how);

/// The pause of a stream of numbered events while one of its functions is
/// migrated; lost, duplicated and reordered events; migrations per second; and
/// latency from an intent in Redis to its result in the mirror.
rows migration(const plan& how);

/// Instances per second that are written to Redis after a FLUSHDB.
rows mirror_writes(const plan& how);

/// Time until the events of a node that was killed or does not respond are
/// handled by another one, until a thousand functions are relocated, and until
/// a restarted orchestrator has adopted all instances; lost states and false
/// alarms.
rows failover(const plan& how);

/// A part of failover(): from when a restarted orchestrator listens until it
/// has adopted all instances.
rows adoption(const plan& how);

/// MQTT messages per second from a broker to a resource and back.
rows brokers(const plan& how);

/// Memory per idle instance.
rows memory(const plan& how);

/// Placement decisions per second.
rows placements(const plan& how);

/// The time of a computation in a process of its own, in the process of the
/// node, and in the engine alone; and the effect of the compiler flags of
/// `function build`.
rows compute(const plan& how);

/// HTTP requests to functions, beside nginx and TCP alone; memory of idle
/// connections; requests of functions. No rows without nginx and wrk.
rows http(const plan& how);

/// A part of compute(): the time to parse and to print a number.
rows numbers(const plan& how, guest_engine& engine);

} // namespace edgeless::benchmark
