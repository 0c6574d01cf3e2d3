// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// The bounds of the load generator, each with its reason.
namespace edgeless::benchmark::load_limits {

using namespace std::chrono_literals;

/// Workflows at the same time: the default and the upper bound of
/// --max-workflows.
constexpr std::size_t workflows = 1000;
constexpr std::size_t workflows_max = 10'000;
/// The longest experiment, lifetime or interarrival time: a month.
constexpr double duration_max_s = 31 * 86'400.0;
/// The size of a dataset file: an experiment must not fill the disk.
constexpr std::uint64_t dataset_bytes = 1ull << 30;
/// Functions of a chain, or stages of map-reduce; and branches of a stage. A
/// workflow has at most limits::components in all.
constexpr std::uint32_t chain_length = 1000;
constexpr std::uint32_t fan_out = 20;
/// Rows of a matrix, or numbers of a vector: more do not fit into the memory of
/// a guest.
constexpr std::uint32_t vector_size = 16'384;
/// The index of a Fibonacci number: this one takes seconds to compute.
constexpr std::uint32_t fibonacci = 1'000'000;
/// Transactions of a workflow that have begun and not ended, and gaps in the
/// numbers of those that have: its ledger counts further lines as unknown.
constexpr std::size_t open_transactions = 100'000;
/// If no transaction of a workflow ends for this time, those that have begun
/// before it are lost.
constexpr double stall_timeout_s = 5;
/// How often the journals in Redis are read, how many lines of each in one
/// request, and how many requests in a row: workflows must start on time.
constexpr auto poll_interval = 2s;
constexpr std::size_t journal_lines = 10'000;
constexpr std::size_t polls_per_turn = 20;
/// How long to wait, at the end, for lines that are still on their way to
/// Redis.
constexpr auto drain_timeout = 2s;
/// Transaction times that are kept for the final report.
constexpr std::size_t latencies = 10'000'000;
/// Keys with samples of functions that are read at the end.
constexpr std::size_t sample_keys = 100'000;
/// Reasons of blocked workflows that are printed.
constexpr std::size_t printed_reasons = 5;
/// How long stopping all workflows may take after a signal.
constexpr auto stop_timeout = 30s;

} // namespace edgeless::benchmark::load_limits
