// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/plan.hpp"

#include "runtime/wasm/engine.hpp"

/// The parts of the report. Each measures its floors next to what they are the
/// floors of.
namespace edgeless::benchmark {

/// Casts per second between two functions, in a node and between two.
rows casts(const plan& how);

/// Events per second through chains of functions in a node, and from one to
/// many and from many to one.
rows fans(const plan& how);

/// What the real programs take while nothing happens.
rows daemons(const plan& how);

/// How long a call between two functions takes, in a node and between two.
rows calls(const plan& how);

/// How long an event takes from when it is due, at a rate that does not depend
/// on what becomes of it.
rows latency(const plan& how);

/// How long it takes to start a function, and how many start per second.
rows starts(const plan& how);

/// How long it takes from asking the controller for a workflow until its
/// first event has arrived.
rows workflow_start(const plan& how);

/// How long a stream of numbered events pauses when a function in its way
/// moves, and what becomes of the events; moves per second; how long it takes
/// from an intent in Redis until the mirror says that it is done.
rows migration(const plan& how);

/// Instances per second that are written to a Redis which somebody flushed.
rows mirror_writes(const plan& how);

/// How long it takes until somebody else handles the events of a node that was
/// killed or is silent, until a thousand functions have another home, until a
/// restarted orchestrator knows what runs; and what must never happen.
rows failover(const plan& how);

/// Memory per instance that has nothing to do.
rows memory(const plan& how);

/// Decisions per second where a function shall run.
rows placements(const plan& how);

/// What a computation takes in a process of its own, in that of the node, and
/// without anybody around; and what the flags of `function build` are worth.
rows compute(const plan& how);

/// A part of it: what a function takes to read and to print a number.
rows numbers(const plan& how, guest_engine& engine);

} // namespace edgeless::benchmark
