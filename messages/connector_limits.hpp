// SPDX-License-Identifier: MIT
#pragma once

#include "messages/limits.hpp"

/// The bounds of single classes of resources: a part of messages/limits.hpp,
/// included where they are used, so that a change compiles little else.
namespace edgeless::limits {

// -- cron, file-pusher --------------------------------------------------------

/// The shortest period: a shorter one is a matter for a function.
constexpr auto cron_period_min = 100ms;
constexpr auto cron_period_max = 24h * 366;
/// The text of a schedule, and how far ahead its next slot is looked for: the
/// 29th of February may be eight years away.
constexpr std::size_t cron_text = 256;
constexpr auto cron_horizon = 24h * 366 * 9;
/// A slot that is later than this is missed: a migration takes less.
constexpr auto cron_grace = 60s;
/// Missed slots that fire when they are caught up with: the outlet has room for
/// them.
constexpr std::size_t cron_caught_up = 1000;
/// A state from further ahead is of a clock that was wrong.
constexpr auto cron_clock_step = 24h;
/// The clock of the machine is looked at this often: it may be set.
constexpr auto cron_clock_check = 60s;
/// The periods of a file-pusher, and the files of its folder: their names are
/// kept.
constexpr auto push_period_min = 1ms;
constexpr auto push_period_max = 24h;
constexpr std::size_t pushed_files = 10'000;

// -- databases ----------------------------------------------------------------

/// Connections to one database, each with a thread: statements of one source
/// use the same, and keep their order.
constexpr std::size_t sql_connections = 4;
/// Statements that a connection has prepared.
constexpr std::size_t sql_prepared = 64;
/// A statement with its parameters.
constexpr std::size_t sql_text = 1u << 20;
constexpr std::size_t sql_parameters = 1000;
/// The deadline of a statement from its arrival on, and the longest one that a
/// configuration may ask for; and of a connection.
constexpr auto sql_statement = 5s;
constexpr auto sql_statement_max = 10min;
constexpr auto sql_connect = 3s;
/// A connection without statements is closed after this.
constexpr auto sql_idle = 60s;
/// Statements that wait for a connection or a reply: those of all resources
/// with one database.
constexpr std::size_t sql_waiting = 4 * deferred_events;
/// Pauses between attempts to connect.
constexpr auto sql_pause_min = 100ms;
constexpr auto sql_pause_max = 5s;
/// A file of SQLite: a statement that would exceed it is refused.
constexpr std::uint64_t sqlite_file = 1ull << 30;

// -- services -----------------------------------------------------------------

/// The answer of a language model: it may have to be loaded first.
constexpr auto chat_answer = 5min;
/// Messages of a conversation that are kept, at most, and their bytes: they
/// travel with each request, and are the state of the resource.
constexpr std::uint32_t chat_messages = 1000;
constexpr std::size_t chat_bytes = 512u << 10;
/// Providers that call serverless functions, on one node.
constexpr std::size_t serverless_providers = 64;

} // namespace edgeless::limits
