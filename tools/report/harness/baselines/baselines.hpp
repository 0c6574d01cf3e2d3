// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/plan.hpp"

/// What the machine, CAF and the engine achieve without EDGELESS.
namespace edgeless::benchmark {

/// Messages per second from one CAF actor to another, a burst per reply.
row caf_messages(const plan& how);

/// Seconds per request and reply between two CAF actors.
row caf_request(const plan& how);

/// Events of a size per second through one guest without a node, 100 per entry
/// into the engine.
row engine_events(const plan& how, std::size_t size);

/// Seconds to instantiate a compiled module.
row engine_instantiate(const plan& how);

/// Seconds to destroy such an instance.
row engine_drop(const plan& how);

/// Copies per second of one block of a size.
row memory_copies(const plan& how, std::size_t size);

/// Bytes per second over a loopback connection, 256 KiB per write.
row tcp_bytes(const plan& how);

/// Seconds for a round trip of 64 bytes over a loopback connection.
row tcp_round_trip(const plan& how);

} // namespace edgeless::benchmark
