// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound of the system, each with its reason.
namespace edgeless::limits {

using namespace std::chrono_literals;

// -- sizes, in bytes ----------------------------------------------------------

/// A camera frame; larger things belong into a resource.
constexpr std::size_t payload = 16u << 20;
/// Compile time grows with it.
constexpr std::size_t module = 8u << 20;
/// It travels with every sync.
constexpr std::size_t state = 1u << 20;
/// A frame on the wire: heartbeats never wait behind a big one.
constexpr std::uint32_t frame = 2u << 20;
/// A frame that carries an error or a handle: nests into itself.
constexpr std::uint32_t frame_with_error = 4u << 10;
/// What a frame may take in memory when unpacked: small values swell.
constexpr std::size_t frame_unpacked = 8u << 20;
/// A handshake: nobody is known yet.
constexpr std::uint32_t frame_handshake = 4u << 10;
/// Actors that speak over one connection: an orchestrator's components, each
/// of which costs a kilobyte here.
constexpr std::size_t remote_actors = 32768;
/// Requests of one peer that wait for their answers; of those to host, as many
/// as there may be workflows: a controller may host all of them again at once.
constexpr std::size_t unanswered_requests = 1024;
/// Answers that wait for one peer to read them: it asks for the next part of a
/// module when it has the one before.
constexpr std::size_t unread_answers = 16u << 20;
/// Larger payloads and modules travel in parts of this size.
constexpr std::size_t part = 1u << 20;
/// A configuration or workflow file: written by people.
constexpr std::size_t configuration = 4u << 20;
/// Nodes of a box that shares one machine, and their ports: ten each, from
/// here on and below those that the system gives to clients.
constexpr std::size_t box_nodes = 1000;
constexpr std::size_t box_first_port = 7200;
/// Text in a status or an error: shown to people.
constexpr std::size_t text = 2u << 10;
/// Lines of a program's log that wait for whoever reads it.
constexpr std::size_t program_log_lines = 4096;
/// What a guest may ask for: all that 32 bits can address.
constexpr std::uint64_t guest_memory = 4ull << 30;
/// How long a guest may ask to run, or wait for an answer: longer is for ever.
constexpr auto guest_time = 24h;

/// Sets of requirements for which a domain knows by heart who satisfies them:
/// each costs some 100 bytes per node.
constexpr std::size_t indexed_requirements = 64;
/// All modules that a controller or an orchestrator keeps.
constexpr std::size_t modules = 256u << 20;
/// Components of one workflow; workflows of one controller.
constexpr std::size_t components = 1024;
constexpr std::size_t workflows = 100'000;
/// Stopped workflows that a controller still knows: a late repetition of their
/// start does not start them again.
constexpr std::size_t tombstones = 100'000;

// -- certificates -------------------------------------------------------------

/// A file with certificates: some hundred authorities. One with a key, or of
/// the authority that `edgeless_cli certificate` keeps.
constexpr std::size_t certificate_file = 1u << 20;
constexpr std::size_t key_file = 64u << 10;
/// What a peer may send of certificates: nobody is known yet.
constexpr std::size_t certificate_chain = 32u << 10;
/// The name in one: it fits into a line of a log.
constexpr std::size_t peer_name = 255;

// -- the inbox of an instance: an empty one admits any legal event ------------

constexpr std::uint32_t inbox_events = 4096;
constexpr std::uint64_t inbox_bytes = 16u << 20;
/// What waits per channel while its target lives nowhere.
constexpr std::size_t held_events = 256;
constexpr std::size_t held_bytes = 1u << 20;
/// Pending delayed casts of one instance.
constexpr std::size_t delayed_casts = 4096;
/// What one instance keeps per channel that promises something, until it has
/// been handled...
constexpr std::size_t retransmit_events = 1024;
constexpr std::size_t retransmit_bytes = 4u << 20;
/// ...and how much of that may be under way: the rest has still to be sent.
constexpr std::size_t retransmit_in_flight_events = retransmit_events - held_events;
constexpr std::size_t retransmit_in_flight_bytes = retransmit_bytes - held_bytes;
/// Such channels that a receiver remembers: all who may feed it, in some lives.
constexpr std::size_t streams = 4 * components;
/// Without any progress, a receiver is asked by sending one event again: links
/// and inboxes may have dropped it, or the news that it was handled.
constexpr auto retransmit_pause_min = 1s;
/// ...and less and less often: it may just be slow.
constexpr auto retransmit_pause_max = 30s;
/// Who waits for room in an inbox that others have filled looks again after
/// this.
constexpr auto credit_retry_pause = 16ms;
/// So many traps on one event are its own fault.
constexpr std::uint32_t traps_per_event = 3;
/// Log lines of guests on their way to the log of the node.
constexpr std::uint32_t log_lines = 4096;

// -- guests and their modules -------------------------------------------------

/// Elements of one table, and tables, of a guest: function pointers only.
constexpr std::int64_t guest_table = 10'000;
constexpr std::int64_t guest_tables = 10;
/// A line that a guest logs: the rest is cut off.
constexpr std::size_t log_text = 16u << 10;
/// The longest delay of a delayed cast: longer is for ever.
constexpr std::chrono::milliseconds delay = 24h * 3650;
/// The compiled form of a module: some ten times its size.
constexpr std::size_t compiled = 256u << 20;
/// Memory of the child that compiles: a small hostile module may want it all.
constexpr std::size_t compile_memory = 2ull << 30;
/// Guests of a node in processes of their own: each costs some megabytes.
constexpr std::size_t guest_processes = 256;
/// Until such a process is ready: the machine may be busy.
constexpr auto guest_process_start = 10s;
/// Its memory beside that of the guest: the engine, and what is on its way.
constexpr std::size_t guest_process_memory = 128u << 20;
/// What is on its way between the node and it, in each direction.
constexpr std::uint32_t shared_ring = 256u << 10;
/// Modules kept ready although nothing runs them.
constexpr std::size_t ready_modules = 64;
/// Modules of which it is remembered that, and why, they were refused.
constexpr std::size_t refused_modules = 256;
/// All compiled modules on disk; the oldest go first.
constexpr std::uint64_t compiled_total = 1ull << 30;

// -- links --------------------------------------------------------------------

/// A batch goes when it has this many, or when nothing more is waiting.
constexpr std::size_t batch_events = 256;
constexpr std::size_t batch_bytes = 256u << 10;
/// What waits for one peer.
constexpr std::uint32_t egress_events = 16384;
constexpr std::uint64_t egress_bytes = 32u << 20;
/// What is on its way to one peer, not yet taken by it.
constexpr std::uint32_t credit_events = 8192;
constexpr std::uint64_t credit_bytes = 8u << 20;
/// Batches on their way to one peer: each is a request (unanswered_requests);
/// meanwhile the next one grows.
constexpr std::size_t egress_batches = 256;
/// Peers that a ingress remembers: more than a node can sensibly have.
constexpr std::size_t ingress_peers = 4096;
/// A link with nothing to carry is hung up.
constexpr auto egress_idle = 60s;
/// Events for a peer that cannot be reached are dropped after this.
constexpr auto peer_reach_timeout = 10s;
/// Dead sessions that a ingress remembers, and is told of at once.
constexpr std::size_t fenced_sessions = 1024;

// -- moving -------------------------------------------------------------------

/// How long an instance holds a source back for a marker: it may be lost.
constexpr auto marker = 1s;
/// Marks of markers that an instance remembers, and sources that it holds: all
/// its feeders may switch at once.
constexpr std::size_t markers = components;
/// Moves of one component that wait for the one under way.
constexpr std::size_t moves = 8;
/// Moves of one drain at the same time: they share two nodes.
constexpr std::size_t drain_migrations = 64;
/// Pause between two states of one instance on their way to its component: a
/// hot loop may sync, and only the newest counts.
constexpr auto sync_pause = 20ms;
/// A migrated instance passes on what still arrives for at most this long.
constexpr auto hand_over = 5s;
/// What predecessors left on a node for their successors, all together.
constexpr std::size_t kept_states = 64u << 20;
/// What was prepared and is not activated within this time is dropped.
constexpr auto prepared = 30s;
/// The handler in hand may wait for an answer first.
constexpr auto freeze = 6s;

// -- the window: Redis and Prometheus -----------------------------------------

/// Samples kept of one instance between two keep-alives, and in Redis.
constexpr std::size_t samples = 10'000;
/// ...and as many at most, if somebody asks for more.
constexpr std::size_t samples_max = 1'000'000;
/// Samples of all instances that travel with one keep-alive.
constexpr std::size_t samples_per_report = 100'000;
/// Samples that wait on a node for keep-alives: nobody may ask for them.
constexpr std::size_t samples_waiting = 1'000'000;
/// An instance hands its samples on after this long, many together.
constexpr auto samples_pause = 250ms;
/// Samples, and messages with them, from instances to their node.
constexpr std::uint32_t sample_messages = 8192;
constexpr std::uint64_t sample_bytes = 32u << 20;
/// Functions of a node that have time series of their own: a scrape reads
/// some 5 KiB of each.
constexpr std::size_t function_series = 256;
/// Scrapes at the same time, and how long one may take to be asked.
constexpr std::size_t metrics_threads = 4;
constexpr auto metrics_request = 1s;
/// Redis answers within this time, or its connection is given up.
constexpr auto redis = 2s;
/// What Redis may answer to the commands of one run, in bytes on the wire and
/// in memory: it may be hostile.
constexpr std::size_t redis_reply = 64u << 20;
/// Commands of one run of the mirror: it is done well before Redis is given up.
constexpr std::size_t redis_commands = 10'000;
/// Keys of the mirror that one look for holes asks for.
constexpr std::size_t redis_probe = 1'000;
/// Samples on their way to Redis, from one look at the mailbox to the next.
constexpr std::size_t samples_pending = 500'000;
/// Looking for keys of ours that should be gone takes at most so many rounds.
constexpr std::size_t redis_rounds = 10'000;
/// What one look at a mirror takes in: far more than a domain has.
constexpr std::size_t mirror_keys = 1'000'000;
constexpr std::size_t mirror_bytes = 1u << 30;
/// Pauses between attempts to reach Redis.
constexpr auto redis_pause_min = 100ms;
constexpr auto redis_pause_max = 5s;
/// A key that the redis resource is told to set: what is longer is a mistake.
constexpr std::size_t redis_key = 64u << 10;
/// What an intent and its key may say: a list of some thousand nodes.
constexpr std::size_t intent_text = 64u << 10;
/// INTENT LISTENER waits this long for the next one, in one go.
constexpr auto intent_wait = 1s;
/// Intents that are being executed, and results that wait for Redis.
constexpr std::size_t intents = 64;
/// An intent has failed after this: to drain a node takes many migrations.
constexpr auto intent = 2min;
/// How long the result of an intent can be read.
constexpr auto intent_result = 10min;
/// Transactions of one metrics-collector that have begun and not ended.
constexpr std::size_t transaction_times = 100'000;

// -- deadlines: the inner one always speaks first -----------------------------

constexpr auto dial = 3s;
/// A program that was launched a moment ago listens by then.
constexpr auto launch = 1s;
constexpr auto compile = 10s;
constexpr auto node_start = 12s;
constexpr auto host = 15s;
constexpr auto controller = 20s;
constexpr auto client = 30s;
/// Building a function: cargo may build the standard library first.
constexpr auto function_build = 10min;
/// Between actors of one process.
constexpr auto local = 5s;
/// A migration: prepare, freeze, activate.
constexpr auto migration = 2 * node_start + freeze + 2 * local;

// -- keeping alive ------------------------------------------------------------

/// A shorter interval would mistake a busy machine for a dead one.
constexpr auto keep_alive_interval_min = 50ms;
constexpr auto keep_alive_interval_max = 24h;
/// Between processes, beneath all that: CAF's heartbeats...
constexpr auto heartbeat = 1s;
/// ...and how long a peer may be silent until its connection is cut.
constexpr auto silence = 5s;
/// A keep-alive is answered within max(interval, this).
constexpr auto keep_alive_min = 250ms;
/// With polling switched off, pending components are retried this often.
constexpr auto retry_without_polling = 2s;
/// The longest pause between two attempts to start what keeps failing.
constexpr auto back_off_max = 30s;
/// Pause before a broken connection is dialled again; jittered upwards.
constexpr auto redial = 100ms;

// -- stopping -----------------------------------------------------------------

/// What a guest gets to finish the handler in hand, and again for its stop.
constexpr auto stop_grace = 200ms;
/// All guests of a process together.
constexpr auto shutdown = 1500ms;
/// What is left of the log when a program ends.
constexpr auto last_lines = 200ms;

} // namespace edgeless::limits
