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

/// What guests know each other by: EDGELESS' InstanceId.
struct instance_id {
  node_id node;
  physical_id instance;

  friend auto operator<=>(const instance_id&, const instance_id&) = default;
};
BOOST_DESCRIBE_STRUCT(instance_id, (), (node, instance))

/// `InstanceId(node_id: UUID, function_id: UUID)`, as in EDGELESS.
std::string to_string(const instance_id& x);

enum class event_kind : std::uint8_t {
  /// Nobody waits for an answer.
  cast,
  /// The source's guest waits for the answer with the same call number.
  call,
  /// The answers to a call. An `error` has no payload for the guest.
  reply,
  no_reply,
  error,
  /// The last that its source sends on a way it leaves, or the first on a way
  /// it takes; see event::after.
  marker,
  /// To the source of an event that is delivered at least once: its target has
  /// handled the event with that stream and number, and all before it. `after`
  /// is the last that has arrived; `call` is not zero if one came again, or
  /// one is missing.
  handled,
  /// ...or has trapped on it.
  trapped,
  /// To the successor of a target: what `handled` said so far.
  known,
  /// To the successor of a source: a channel that delivers at least once, what
  /// it has to confirm, the end of that; see outbox::end().
  kept,
};
inline constexpr auto last_event_kind = event_kind::kept;

/// What instances send each other. Events of one source to one target arrive
/// in the order in which they were sent.
struct event {
  instance_id source;
  logical_id source_component;
  event_kind kind = event_kind::cast;
  /// Counts the calls of its source; zero for casts. Of a marker its mark.
  std::uint64_t call = 0;
  /// Nanoseconds since the epoch by the clock of the source; for people.
  std::int64_t created = 0;
  std::uint64_t trace = 0;
  /// Bytes; at most limits::payload.
  std::string payload;
  /// Of a marker that opens a way: what its source sends behind it waits until
  /// the marker with this mark has come by another way. Zero: nothing waits.
  /// Of an event that is delivered at least once: up to this number, its stream
  /// is confirmed.
  std::uint64_t after = 0;
  /// Sent to a predecessor of its target, which has passed it on.
  bool forwarded = false;
  /// Of an event that is delivered at least once: the output channel of one
  /// life of its source, and its place there, from 1. Zero: at most once.
  std::uint64_t stream = 0;
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(event, (),
                      (source, source_component, kind, call, created, trace,
                       payload, after, forwarded, stream, number))

using events = std::vector<event>;

/// Where an instance can be reached. Data only: whoever sends there finds or
/// dials the way himself.
struct endpoint {
  node_id node;
  session_id session;
  physical_id instance;
  /// Announced by the node: where its ingress listens.
  std::string invocation_url;
  /// Whom it has taken over from, and who passes on what still comes: nobody
  /// unless it has migrated.
  physical_id predecessor;

  explicit operator bool() const {
    return static_cast<bool>(instance);
  }

  friend auto operator<=>(const endpoint&, const endpoint&) = default;
};
BOOST_DESCRIBE_STRUCT(endpoint, (),
                      (node, session, instance, invocation_url, predecessor))

/// Output channel -> endpoint; an empty endpoint means "nowhere, for now".
/// A map with a lower revision than the last one seen is ignored.
struct output_map {
  std::uint64_t revision = 0;
  std::map<std::string, endpoint> channels;
};
BOOST_DESCRIBE_STRUCT(output_map, (), (revision, channels))

/// Why an event was not handled. Every drop is counted under one of these.
enum class drop_reason : std::uint8_t {
  /// The target's inbox is full.
  inbox_full,
  /// The channel is mapped to nothing.
  unmapped,
  /// The channel leads nowhere, and what may wait for that is full or old.
  nowhere,
  /// The link's queue is full: the peer is slow or cannot be reached.
  egress_full,
  /// The peer is dead, or was not reached in time.
  peer_lost,
  /// No instance of that id lives here.
  unknown_instance,
  /// Nobody knows where that node is.
  unknown_node,
  /// The source's session is fenced: it was thought dead and replaced.
  fenced,
  /// Waiting in the inbox of an instance that was stopped.
  stopped,
  /// Waiting in the inbox of an instance that crashed.
  crashed,
  /// Sent by an instance to itself and overtaken by its own end.
  self,
  /// Larger than limits::payload.
  too_large,
  /// An answer nobody waits for anymore.
  late_answer,
  /// More delayed casts are pending than limits::delayed_casts.
  too_many_delayed,
  /// The resource could not do what the event asks.
  resource_failed,
  /// The channel's policy is drop-oldest, and newer ones wait for room.
  evicted,
  /// The channel's policy is block or at-least-once, and there was no room for
  /// too long, or in a hook that may not wait.
  blocked_too_long,
  /// Its target has it already: it was sent again.
  duplicate,
  /// Its targets trapped on it, again and again.
  poison,
  /// One before it, delivered at least once, is missing: both are sent again.
  out_of_order,
};
inline constexpr std::size_t drop_reasons
  = static_cast<std::size_t>(drop_reason::out_of_order) + 1;

std::string to_string(drop_reason reason);

/// An event on its way to another node, or a part of one: parts of the same
/// event follow each other, and all but the last say that there is more.
struct fragment {
  physical_id target;
  bool more = false;
  event content;
  /// Of a call that is passed on for another node: where that one can be
  /// reached, since it may never have spoken to the target's node.
  std::string source_url{};
};
BOOST_DESCRIBE_STRUCT(fragment, (), (target, more, content, source_url))

/// What a link sends at once. Numbers count the fragments of the link's life.
/// Its bytes: see fragments.hpp.
struct batch {
  std::uint64_t first = 0;
  std::vector<fragment> fragments;
};
BOOST_DESCRIBE_STRUCT(batch, (), (first, fragments))

caf::error inspect(caf::serializer& f, batch& x);
caf::error inspect(caf::deserializer& f, batch& x);

/// The first thing a link says on a connection. `link` names the sending
/// link's life; numbers go on counting across its connections.
struct greeting {
  std::uint64_t link = 0;
  node_id node;
  session_id session;
  /// Where the ingress of the greeting node listens: answers go there.
  std::string invocation_url;
  /// Whom it wants to reach: refused by anybody else who has that address.
  node_id target;
};
BOOST_DESCRIBE_STRUCT(greeting, (),
                      (link, node, session, invocation_url, target))

} // namespace edgeless
