// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/plan.hpp"

#include <filesystem>

/// What the machine, CAF and the engine can do without us, at the same moment.
namespace edgeless::benchmark {

/// Messages per second from one CAF actor to another, a burst per answer.
row caf_messages(const plan& how);

/// Seconds per request from one CAF actor to another, and back.
row caf_request(const plan& how);

/// Events of a size per second through one guest, 100 per entry, with nobody
/// around it.
row engine_events(const plan& how, std::size_t size);

/// Seconds to make an instance of a class at hand.
row engine_instantiate(const plan& how);

/// Seconds to end such an instance.
row engine_drop(const plan& how);

/// Blocks of a size copied per second, always the same.
row memory_copies(const plan& how, std::size_t size);

/// Bytes per second over a loopback connection, 256 KiB per write.
row tcp_bytes(const plan& how);

/// Seconds for 64 bytes over a loopback connection, and back.
row tcp_round_trip(const plan& how);

/// Seconds to start a child process that ends at once, and see it end.
row child_process(const plan& how);

/// Bytes of memory per mapping of 64 KiB of which one page is touched.
double bytes_per_mapping(std::size_t mappings);

} // namespace edgeless::benchmark
