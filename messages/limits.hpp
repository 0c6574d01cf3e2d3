// SPDX-License-Identifier: MIT
#pragma once

#include "messages/resource_limits.hpp"
#include "messages/state_limits.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound of the system, each with its reason. Sizes are in bytes, counts
/// without unit, times are std::chrono durations.
namespace edgeless::limits {

using namespace std::chrono_literals;

// -- sizes, in bytes ----------------------------------------------------------

/// The payload of an event: a camera frame; larger data belong into a resource.
constexpr std::size_t payload = 16u << 20;
/// A module: compile time grows with its size.
constexpr std::size_t module = 8u << 20;
/// The state of a function: it travels with every sync.
constexpr std::size_t state = 1u << 20;
/// A frame on the wire: heartbeats must not wait behind a large one.
constexpr std::uint32_t frame = 2u << 20;
/// A frame with an error or an actor handle, whose encoding may be nested.
constexpr std::uint32_t frame_with_error = 4u << 10;
/// The memory that a frame may take when decoded: small values grow.
constexpr std::size_t frame_unpacked = 8u << 20;
/// A frame of a handshake: the peer is not authenticated yet.
constexpr std::uint32_t frame_handshake = 4u << 10;
/// Remote actors of one connection: the components of an orchestrator, each of
/// which costs a kilobyte.
constexpr std::size_t remote_actors = 32768;
/// Unanswered requests of one peer. For host requests the bound is `workflows`:
/// a controller may repeat all of them at once.
constexpr std::size_t unanswered_requests = 1024;
/// Answers that one peer has not read: it requests the next part of a module
/// when it has received the one before.
constexpr std::size_t unread_answers = 16u << 20;
/// Larger payloads and modules travel in parts of this size.
constexpr std::size_t part = 1u << 20;
/// A configuration or workflow file, which is written by hand.
constexpr std::size_t configuration = 4u << 20;
/// Nodes of a box that share one machine, and the first of their ports: ten
/// ports each, below the range that the system gives to clients.
constexpr std::size_t box_nodes = 1000;
constexpr std::size_t box_first_port = 7200;
/// Text in a status or an error, which operators read.
constexpr std::size_t text = 2u << 10;
/// Peers and loops of which a log counts repetitions, and the pause between
/// two lines about one of them.
constexpr std::size_t log_subjects = 1024;
constexpr auto log_pause = 60s;
/// Lines of a program's log that wait to be written: more are dropped.
constexpr std::size_t program_log_lines = 4096;
/// The memory that a function may request: all that 32 bits can address.
constexpr std::uint64_t guest_memory = 4ull << 30;
/// The longest run time or call timeout that a function may request.
constexpr auto guest_time = 24h;

/// A workflow as it travels with its ids: with the status of each component it
/// still fits into a frame...
constexpr std::size_t workflow = 1u << 20;
/// ...and its settings, outputs and channels into the memory of one.
constexpr std::size_t workflow_entries = 16384;
/// One component: with its state and its output map it fits into a frame.
constexpr std::size_t component = 256u << 10;
/// Mapped output channels of a component: all components may be its targets.
constexpr std::size_t channels = 1024;
/// The name of a component: it is part of each status.
constexpr std::size_t name = 255;
/// The reasons in one message, together: why components are pending or have
/// been restarted.
constexpr std::size_t reasons = 256u << 10;
/// A URL: a host name of 253 bytes, with scheme and port.
constexpr std::size_t url = 272;
/// What a node announces of itself, and a domain of its nodes.
constexpr std::size_t node_description = 64u << 10;
constexpr std::size_t domain_description = 32u << 10;
/// The domains of a cluster as one answer.
constexpr std::size_t domain_descriptions = 1u << 20;
/// Instances of a node: their inventory travels in one frame.
constexpr std::size_t instances = 16384;

/// Sets of requirements for which a domain keeps an index of feasible nodes:
/// each costs some 100 bytes per node.
constexpr std::size_t indexed_requirements = 64;
/// Nodes that have left a domain and may come back: a workflow that one of them
/// could host waits for it instead of being refused.
constexpr std::size_t former_nodes = 1024;
/// All modules that a controller or an orchestrator keeps, together.
constexpr std::size_t modules = 256u << 20;
/// Components of one workflow; workflows of one controller.
constexpr std::size_t components = 1024;
constexpr std::size_t workflows = 100'000;
/// Stopped workflows that a controller remembers, so that a late repetition of
/// their start does not start them again.
constexpr std::size_t tombstones = 100'000;

/// File descriptors that a process keeps for its own connections, metrics and
/// child processes, of a quarter of its limit at most: what workflows keep open
/// takes the others only.
constexpr int reserved_descriptors = 64;

// -- certificates -------------------------------------------------------------

/// A file with certificates: some hundred authorities. A file with a key, or of
/// the authority that `edgeless_cli certificate` keeps.
constexpr std::size_t certificate_file = 1u << 20;
constexpr std::size_t key_file = 64u << 10;
/// The certificates that a peer may send, before it is authenticated.
constexpr std::size_t certificate_chain = 32u << 10;
/// The name in a certificate: it fits into a log line.
constexpr std::size_t peer_name = 255;

// -- inbox and outbox of an instance: an empty inbox has room for any event
// ----

constexpr std::uint32_t inbox_events = 4096;
constexpr std::uint64_t inbox_bytes = 16u << 20;
/// Events per channel that wait while the target is unplaced.
constexpr std::size_t held_events = 256;
constexpr std::size_t held_bytes = 1u << 20;
/// Pending delayed casts of one instance, and their bytes; the bytes are also
/// bounded by the memory limit of its function.
constexpr std::size_t delayed_casts = 4096;
constexpr std::size_t delayed_bytes = 16u << 20;
/// The retransmit buffer of one channel: events until they are acknowledged...
constexpr std::size_t retransmit_events = 1024;
constexpr std::size_t retransmit_bytes = 4u << 20;
/// ...and how many of them may be in flight; the rest has not been sent yet.
constexpr std::size_t retransmit_in_flight_events
  = retransmit_events - held_events;
constexpr std::size_t retransmit_in_flight_bytes
  = retransmit_bytes - held_bytes;
/// Streams in the dedup window of a receiver: all its feeders, with some
/// restarts.
constexpr std::size_t streams = 4 * components;
/// Without progress, the sender retransmits one event after this pause: the
/// event or its acknowledgement may have been dropped...
constexpr auto retransmit_pause_min = 1s;
/// ...and backs off up to this one: the receiver may just be slow.
constexpr auto retransmit_pause_max = 30s;
/// A sender that waits for credit in an inbox that others have filled retries
/// after this.
constexpr auto credit_retry_pause = 16ms;
/// After this many traps, an event is poison, and dropped.
constexpr std::uint32_t traps_per_event = 3;
/// Log lines of guests that wait for the log of the node.
constexpr std::uint32_t log_lines = 4096;
/// What one function may log per second, unless the node's configuration says
/// otherwise: a line per event at a usual rate, and 22 GB a day.
constexpr std::uint64_t log_lines_per_second = 1000;
constexpr std::uint64_t log_bytes_per_second = 256u << 10;

// -- guests and their modules -------------------------------------------------

/// Elements of one table, and tables, of a guest: they hold function pointers.
constexpr std::int64_t guest_table = 10'000;
constexpr std::int64_t guest_tables = 10;
/// A line that a guest logs: longer ones are cut.
constexpr std::size_t log_text = 16u << 10;
/// The longest delay of a delayed cast: ten years.
constexpr std::chrono::milliseconds delay = 24h * 3650;
/// The compiled form of a module: about ten times its size.
constexpr std::size_t compiled = 256u << 20;
/// What a node keeps of its memory for itself, at least, if `memory_mib` is 0:
/// the engine, connections, and inboxes that are not empty.
constexpr std::size_t node_memory = 128u << 20;
/// Memory of the compiling child process: a small hostile module may demand any
/// amount.
constexpr std::size_t compile_memory = 2ull << 30;
/// Sandboxes of a node: each costs some megabytes.
constexpr std::size_t guest_processes = 256;
/// The start of a sandbox: the machine may be busy.
constexpr auto guest_process_start = 10s;
/// Memory of a sandbox beside that of the guest: the engine, and messages.
constexpr std::size_t guest_process_memory = 128u << 20;
/// The ring buffer between node and sandbox, for each direction.
constexpr std::uint32_t shared_ring = 256u << 10;
/// Modules kept ready although no instance uses them.
constexpr std::size_t ready_modules = 64;
/// Refused modules that are remembered, with the reason.
constexpr std::size_t refused_modules = 256;
/// All compiled modules on disk; the oldest are deleted first.
constexpr std::uint64_t compiled_total = 1ull << 30;

// -- egress and ingress -------------------------------------------------------

/// A batch: it is sent when it is full, or when no more fragments wait.
constexpr std::size_t batch_events = 256;
constexpr std::size_t batch_bytes = 256u << 10;
/// The credit of one peer: events in its queue or in flight.
constexpr std::uint32_t egress_events = 16384;
constexpr std::uint64_t egress_bytes = 32u << 20;
/// Events by instance id, whose node may be unknown, until EGRESS has looked it
/// up: a guest may name any number of nodes.
constexpr std::uint32_t unrouted_events = 4096;
constexpr std::uint64_t unrouted_bytes = 16u << 20;
/// Events in flight to one peer: sent and not acknowledged.
constexpr std::uint32_t credit_events = 8192;
constexpr std::uint64_t credit_bytes = 8u << 20;
/// Batches in flight to one peer: each is a request (unanswered_requests);
/// meanwhile the next batch grows.
constexpr std::size_t egress_batches = 256;
/// Peer connections that an ingress remembers: more than a node can have.
constexpr std::size_t ingress_peers = 4096;
/// A peer connection without traffic is closed after this.
constexpr auto egress_idle = 60s;
/// Events for an unreachable peer are dropped after this.
constexpr auto peer_reach_timeout = 10s;
/// Fenced sessions that an ingress remembers, and gets in one message.
constexpr std::size_t fenced_sessions = 1024;

// -- migration ----------------------------------------------------------------

/// How long an instance holds back a source until its channel marker arrives,
/// which may be lost.
constexpr auto marker = 1s;
/// Switch ids that an instance remembers, and sources that it holds back: all
/// its feeders may switch at once.
constexpr std::size_t markers = components;
/// Migrations of one component that are queued behind a running one.
constexpr std::size_t moves = 8;
/// Concurrent migrations of one drain: they share two nodes.
constexpr std::size_t drain_migrations = 64;
/// The pause between two states that a node sends for one instance: a guest may
/// sync in a loop, and only the newest state counts. All instances that send
/// states share sync_rate, in bytes per second.
constexpr auto sync_pause = 20ms;
constexpr std::size_t sync_rate = 4u << 20;
/// A migrated instance forwards what still arrives for at most this long.
constexpr auto hand_over = 5s;
/// All states that a node keeps for the next instances of its components.
constexpr std::size_t kept_states = 64u << 20;
/// A prepared instance that is not activated within this time is stopped.
constexpr auto prepared = 30s;
/// To freeze an instance: its running handler may wait for an answer first.
constexpr auto freeze = 6s;

// -- Redis and Prometheus -----------------------------------------------------

/// Samples kept of one instance between two keep-alives, and in Redis.
constexpr std::size_t samples = 10'000;
/// ...and the most that a configuration may demand.
constexpr std::size_t samples_max = 1'000'000;
/// Series of samples of one instance in Redis: execution times, and the targets
/// of its log lines; and the length of such a name.
constexpr std::size_t series = 16;
constexpr std::size_t series_name = 64;
/// Reports of the health of a node in Redis, where they are a history.
constexpr std::size_t health_history = 1'000;
/// Samples of all instances that travel with one keep-alive.
constexpr std::size_t samples_per_report = 100'000;
/// Samples that wait on a node for a keep-alive, which may never come.
constexpr std::size_t samples_waiting = 1'000'000;
/// An instance sends its samples to TELEMETRY at this interval.
constexpr auto samples_pause = 250ms;
/// Messages with samples, and their bytes, between instances and TELEMETRY.
constexpr std::uint32_t sample_messages = 8192;
constexpr std::uint64_t sample_bytes = 32u << 20;
/// Functions of a node that have time series of their own: each adds some 5 KiB
/// to a scrape.
constexpr std::size_t function_series = 256;
/// Concurrent connections to a server of metrics, and how long the request of
/// one may take to arrive.
constexpr std::size_t metrics_connections = 64;
constexpr auto metrics_request = 1s;
/// Redis answers within this time, or its connection is closed.
constexpr auto redis = 2s;
/// The replies of Redis to one pipeline of commands, on the wire and in memory:
/// the server may be hostile.
constexpr std::size_t redis_reply = 64u << 20;
/// Commands of the mirror in one pipeline: Redis executes them within a
/// fraction of `redis`.
constexpr std::size_t redis_commands = 10'000;
/// Keys that the mirror checks at once for having been deleted by others.
constexpr std::size_t redis_probe = 1'000;
/// Samples that the proxy collects before it writes them to Redis.
constexpr std::size_t samples_pending = 500'000;
/// SCAN commands of one search for stale keys of this domain.
constexpr std::size_t redis_rounds = 10'000;
/// What a reader of a mirror loads: far more than a domain has.
constexpr std::size_t mirror_keys = 1'000'000;
constexpr std::size_t mirror_bytes = 1u << 30;
/// Pauses between attempts to reach Redis.
constexpr auto redis_pause_min = 100ms;
constexpr auto redis_pause_max = 5s;
/// An orchestrator owns its database for this long without another word: a
/// short hang of Redis or of the orchestrator does not end it, and the database
/// of an orchestrator that has died is free soon.
constexpr auto redis_lease = 15s;
/// It renews the lease at this interval: two renewals may fail.
constexpr auto redis_lease_renewal = 5s;
/// A key that the redis resource sets: a longer one is a mistake.
constexpr std::size_t redis_key = 64u << 10;
/// An intent, and its key: a list of some thousand nodes fits.
constexpr std::size_t intent_text = 64u << 10;
/// The value of an intent is awaited for this long: it may be written after its
/// key was pushed.
constexpr auto intent_value = 1s;
/// ...and looked for at this interval.
constexpr auto intent_value_pause = 20ms;
/// The INTENT LISTENER blocks in Redis for this long at a time.
constexpr auto intent_wait = 1s;
/// Intents in execution, and results that wait for Redis.
constexpr std::size_t intents = 64;
/// The timeout of an intent: to drain a node takes many migrations.
constexpr auto intent = 2min;
/// How long the result of an intent stays in Redis.
constexpr auto intent_result = 10min;
/// Lines of the CSV files of a domain that wait for the disk.
constexpr std::size_t dataset_bytes = 32u << 20;
/// Bytes of log lines for measurements that wait on a node for a keep-alive...
constexpr std::size_t function_logs = 8u << 20;
/// ...and how many travel with one, beside its samples; and the length of a
/// line: an id or a number.
constexpr std::size_t function_logs_per_report = 512u << 10;
constexpr std::size_t function_log_text = 200;
/// Transactions of one metrics collector that have begun and not ended.
constexpr std::size_t transaction_times = 100'000;

// -- timeouts: an inner one always ends before the outer one
// -------------------

constexpr auto dial = 3s;
/// The time after which a program that has just started listens.
constexpr auto launch = 1s;
/// Processor time of a compilation...
constexpr auto compile = 10s;
/// ...which may take this long: it has a low priority.
constexpr auto compile_timeout = 60s;
constexpr auto node_start = 12s;
constexpr auto host = 15s;
constexpr auto controller = 20s;
constexpr auto client = 30s;
/// Building a function: cargo may have to build the standard library first.
constexpr auto function_build = 10min;
/// A request to a function repository, which may carry a module.
constexpr auto repository = 60s;
/// Between actors of one process.
constexpr auto local = 5s;
/// A migration: prepare, freeze, activate.
constexpr auto migration = 2 * node_start + freeze + 2 * local;

// -- keeping alive ------------------------------------------------------------

/// A shorter interval would take a busy machine for a failed one.
constexpr auto keep_alive_interval_min = 50ms;
constexpr auto keep_alive_interval_max = 24h;
/// CAF's heartbeats between processes, independent of the keep-alives...
constexpr auto heartbeat = 1s;
/// ...and how long a peer may be silent until its connection is closed.
constexpr auto silence = 5s;
/// A keep-alive is answered within max(interval, this).
constexpr auto keep_alive_min = 250ms;
/// With polling switched off, pending components are retried this often.
constexpr auto retry_without_polling = 2s;
/// The longest pause between two attempts to start what keeps failing.
constexpr auto back_off_max = 30s;
/// A node that is lost this soon after a component was started there may have
/// been lost because of it. After so many such losses in a row a function gets
/// a process of its own, and after so many the component is not placed for a
/// time.
constexpr auto quick_loss = 10s;
constexpr std::uint32_t losses_to_isolate = 3;
constexpr std::uint32_t losses_to_quarantine = 6;
constexpr auto quarantine = 10min;
/// The pause before a broken connection is dialled again, plus a jitter...
constexpr auto redial = 100ms;
/// ...which doubles up to this one while the peer refuses or does not answer.
constexpr auto redial_max = 5s;
/// Whether the announced address of a node can be reached: shorter than the
/// node waits for the answer to its join.
constexpr auto reach = 3s;

/// A program is not alive if its root actor, its network thread or its thread
/// pool does not answer for this long: a busy one answers within a second.
constexpr auto liveness = 10s;
/// ...and how often they are asked.
constexpr auto liveness_interval = 1s;

// -- stopping -----------------------------------------------------------------

/// The time for a guest to finish the running handler, and again for its stop
/// hook.
constexpr auto stop_grace = 200ms;
/// All guests of a process together.
constexpr auto shutdown = 1500ms;
/// The time to write the rest of the log when a program ends.
constexpr auto last_lines = 200ms;

} // namespace edgeless::limits
