// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"
#include "messages/inspect.hpp"

#include <caf/fwd.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace edgeless {

/// Identifies an instance towards guests: EDGELESS' InstanceId.
struct instance_id {
  node_id node;
  physical_id instance;

  friend auto operator<=>(const instance_id&, const instance_id&) = default;
};
BOOST_DESCRIBE_STRUCT(instance_id, (), (node, instance))

/// `InstanceId(node_id: UUID, function_id: UUID)`, as in EDGELESS.
std::string to_string(const instance_id& x);

enum class event_kind : std::uint8_t {
  /// Expects no answer.
  cast,
  /// The guest of the source waits for the answer with the same call number.
  call,
  /// The answers to a call. An `error` has no payload for the guest.
  reply,
  no_reply,
  error,
  /// A channel marker: the last event that its source sends on a route which it
  /// leaves, or the first on a route which it takes; see event::after.
  marker,
  /// Acknowledgement to the source of an at-least-once stream: the target has
  /// handled the event with this `number`, and all before it. `after` is the
  /// last number that has arrived; `call` is not zero if a duplicate arrived or
  /// a number is missing.
  handled,
  /// Negative acknowledgement: the target has trapped on the event.
  trapped,
  /// From a target to its successor: the acknowledgements sent so far.
  known,
  /// From a source to its successor: the state of an at-least-once channel, its
  /// unacknowledged events, and the end of the transfer; see outbox::end().
  kept,
};
inline constexpr auto last_event_kind = event_kind::kept;

/// Whether it ends a call.
constexpr bool is_answer(event_kind kind) {
  return kind == event_kind::reply || kind == event_kind::no_reply
         || kind == event_kind::error;
}

/// A message between instances. Events of one source to one target arrive in
/// the order in which they were sent.
struct event {
  instance_id source;
  logical_id source_component;
  event_kind kind = event_kind::cast;
  /// The number of a call or answer, counted by the caller; zero for casts. For
  /// a marker its switch id.
  std::uint64_t call = 0;
  /// Nanoseconds since the Unix epoch by the clock of the source;
  /// informational.
  std::int64_t created = 0;
  std::uint64_t trace = 0;
  /// Bytes; at most limits::payload.
  std::string payload;
  /// For a marker that opens a route: the events behind it are held back until
  /// the marker with this switch id has arrived by another route; zero: nothing
  /// is held back. For an at-least-once event: its stream is acknowledged up to
  /// this number. For an error: 1 if no instance has begun to handle the call.
  std::uint64_t after = 0;
  /// The event was sent to a predecessor of the target, which forwarded it.
  bool forwarded = false;
  /// For an at-least-once event: the output channel of one instance of the
  /// source, drawn at random, and the number of the event in it, from 1. Zero:
  /// delivered at most once.
  std::uint64_t stream = 0;
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(event, (),
                      (source, source_component, kind, call, created, trace,
                       payload, after, forwarded, stream, number))

using events = std::vector<event>;

/// Where an instance can be reached. It holds no actor handle: the egress of
/// the sender's node dials `invocation_url` when needed. An endpoint without an
/// instance is empty and converts to false.
struct endpoint {
  node_id node;
  session_id session;
  physical_id instance;
  /// Where the ingress of the node listens, as the node announced it.
  std::string invocation_url;
  /// The instance that this one has replaced in a migration and that forwards
  /// what still arrives; nil if there is none.
  physical_id predecessor;

  explicit operator bool() const {
    return static_cast<bool>(instance);
  }

  friend auto operator<=>(const endpoint&, const endpoint&) = default;
};
BOOST_DESCRIBE_STRUCT(endpoint, (),
                      (node, session, instance, invocation_url, predecessor))

/// Output channel -> endpoint. An empty endpoint means that the target is
/// unplaced at present: events wait for it. A channel that is absent is
/// unmapped: events are dropped. A map with a lower revision than the last one
/// seen is ignored.
struct output_map {
  std::uint64_t revision = 0;
  std::map<std::string, endpoint> channels;
};
BOOST_DESCRIBE_STRUCT(output_map, (), (revision, channels))

/// Why an event was not handled. Each dropped event is counted once, under one
/// of these.
enum class drop_reason : std::uint8_t {
  /// The target's inbox is full.
  inbox_full,
  /// The output map has no entry for the channel.
  unmapped,
  /// The target is unplaced, and the events that wait for its placement exceed
  /// limits::held_events or limits::held_bytes.
  nowhere,
  /// The egress queue of the peer is full: the peer is slow or unreachable.
  egress_full,
  /// The peer is lost, or was not reached within limits::peer_reach_timeout.
  peer_lost,
  /// The target node does not run the target instance.
  unknown_instance,
  /// The egress has no URL of the target node.
  unknown_node,
  /// The session of the sending node is fenced.
  fenced,
  /// The event waited in the inbox of an instance that was stopped.
  stopped,
  /// The event waited in the inbox of an instance that crashed.
  crashed,
  /// The instance sent the event to itself, on the channel `self`, and ended
  /// before it handled it.
  self_channel,
  /// The payload is larger than limits::payload.
  too_large,
  /// The answer arrived after its call had timed out or failed.
  late_answer,
  /// The instance has limits::delayed_casts delayed casts pending.
  too_many_delayed,
  /// The resource failed to execute the event.
  resource_failed,
  /// The channel's policy is drop-oldest, and a newer event took its place.
  evicted,
  /// The channel's policy is block or at-least-once, and there was no credit
  /// until the timeout, or in a hook that may not wait.
  blocked_too_long,
  /// The target has received the event already: it was retransmitted.
  duplicate,
  /// Targets trapped on the event limits::traps_per_event times.
  poison,
  /// An earlier event of the at-least-once stream is missing: the source
  /// retransmits both.
  out_of_order,
};
inline constexpr std::size_t drop_reasons
  = static_cast<std::size_t>(drop_reason::out_of_order) + 1;

std::string to_string(drop_reason reason);

/// An event, or a part of one, on the wire between nodes. The parts of an event
/// follow each other; all but the last have `more` set.
struct fragment {
  physical_id target;
  bool more = false;
  event content;
  /// For a forwarded call or at-least-once event of a third node: the URL of
  /// that node, so that the target's node can answer it. Else empty.
  std::string source_url{};
};
BOOST_DESCRIBE_STRUCT(fragment, (), (target, more, content, source_url))

/// The fragments that an egress sends in one message. `first` is the number of
/// the first one; fragments are numbered per peer connection, from 1. The wire
/// format is in event_codec.hpp.
struct batch {
  std::uint64_t first = 0;
  std::vector<fragment> fragments;
};
BOOST_DESCRIBE_STRUCT(batch, (), (first, fragments))

caf::error inspect(caf::serializer& f, batch& x);
caf::error inspect(caf::deserializer& f, batch& x);

/// The first message of an egress on a network connection. `link` identifies
/// the peer connection of the sender: fragment numbers continue when it
/// reconnects under the same id.
struct greeting {
  std::uint64_t link = 0;
  node_id node;
  session_id session;
  /// Where the ingress of the sending node listens: answers go there.
  std::string invocation_url;
  /// The node that the sender means to reach: another node that has taken over
  /// the address refuses.
  node_id target;
};
BOOST_DESCRIBE_STRUCT(greeting, (),
                      (link, node, session, invocation_url, target))

} // namespace edgeless
