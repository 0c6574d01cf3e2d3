// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// The bounds of the load generator, each with its reason.
namespace edgeless::benchmark::load_limits {

using namespace std::chrono_literals;

/// Workflows at the same time, unless somebody asks for more; and at most.
constexpr std::size_t workflows = 1000;
constexpr std::size_t workflows_max = 10'000;
/// The longest experiment, life or pause, in seconds: a month.
constexpr double longest_s = 31 * 86'400.0;
/// A dataset file: it is kept off the end of the disk.
constexpr std::uint64_t dataset = 1ull << 30;
/// Functions of a chain; stages, and branches of a fan; together no more than
/// the components of a workflow.
constexpr std::uint32_t chain = 1000;
constexpr std::uint32_t fan = 20;
/// Rows of a matrix, or numbers of a vector: a guest's memory ends there.
constexpr std::uint32_t numbers = 16'384;
/// A Fibonacci number this far takes seconds.
constexpr std::uint32_t fibonacci = 1'000'000;
/// Transactions of a workflow that have begun and not ended, and gaps in the
/// numbers of those that have: beyond, its ledger says that it does not know.
constexpr std::size_t transaction_times = 100'000;
/// A workflow in which nothing ends for so long has lost what it was about.
constexpr double timeout_s = 5;
/// How often the journals in Redis are read, how much of each in one go, and
/// how many times then: workflows are to be started meanwhile.
constexpr auto look = 2s;
constexpr std::size_t journal_lines = 10'000;
constexpr std::size_t rounds = 20;
/// What was written to Redis before a workflow stopped arrives within this.
constexpr auto last_lines = 2s;
/// Times of transactions that are kept for the report.
constexpr std::size_t latencies = 10'000'000;
/// Keys with samples of functions that are read at the end.
constexpr std::size_t sample_keys = 100'000;
/// Reasons that are printed why workflows did not start.
constexpr std::size_t reasons = 5;
/// After a signal, stopping the workflows takes no longer.
constexpr auto clean_up = 30s;

} // namespace edgeless::benchmark::load_limits
