// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"

#include "runtime/delivery/flat_queue.hpp"

#include <caf/actor_clock.hpp>
#include <caf/message_id.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

namespace edgeless {

/// What the EGRESS of a node keeps of one other node: the queue of fragments,
/// the batches in flight, and the state of the network connection. It sends
/// nothing itself. Fragments are numbered, so that after a reconnect none is
/// missing and none arrives twice. Used by the thread of the EGRESS only.
class peer_connection {
public:
  using time_point = caf::actor_clock::time_point;

  /// Starts as disconnected; each phase leads to the next one or back to
  /// disconnected. An open connection is greeting again for a new session.
  enum class phase { disconnected, dialling, greeting, open };

  /// A batch that was sent and is not acknowledged. The message is shared with
  /// CAF's broker, not copied.
  struct in_flight_batch {
    std::uint64_t first = 0; ///< the number of its first fragment
    std::uint64_t count = 0; ///< of fragments
    std::uint64_t bytes = 0; ///< of their payloads
    time_point since;        ///< when it was sent first
    time_point sent;         ///< when it was sent last
    caf::message content;
    /// Of the answer that is expected; the invalid id: none is.
    caf::message_id answer;
  };

  /// `id` is random, and identifies the sequence of fragment numbers.
  peer_connection(const node_id& peer, std::uint64_t id,
                  instance_registry& registry);

  // -- queue and flow control -------------------------------------------------

  /// Makes room for `events` more events in the queue.
  void reserve(std::size_t events) {
    queue_.expect(events);
  }

  /// Appends an event for which the sender has taken credit, in parts of at
  /// most limits::part bytes. `source_url`: see fragment.
  void enqueue(const physical_id& target, event x,
               const std::string& source_url, time_point now);

  /// Moves fragments from the queue into a new batch in flight, which the
  /// caller sends. nullptr: the queue is empty, or the bounds of what may be in
  /// flight are reached.
  in_flight_batch* make_batch(time_point now);

  /// The peer has received all fragments before number `next_expected`: removes
  /// their batches and gives their credit back. Returns the number of events.
  std::uint64_t acknowledge(std::uint64_t next_expected, time_point now);

  /// Removes everything and gives its credit back; `dropped` is called once for
  /// each event that takes credit. Numbers start again under the new `id`.
  void drop_all(std::uint64_t id,
                const std::function<void(const event&)>& dropped);

  std::deque<in_flight_batch>& in_flight() {
    return in_flight_;
  }

  /// Whether fragments are queued or in flight.
  bool is_busy() const {
    return !queue_.empty() || !in_flight_.empty();
  }

  std::size_t fragments() const {
    return queue_.size() + fragments_in_flight_;
  }

  /// Since when the oldest fragment has been queued, or in flight; `now`: there
  /// is none.
  time_point waiting_since(time_point now) const;

  // -- network connection -----------------------------------------------------

  /// Where the next dial goes. An open connection is kept until it breaks; a
  /// dial to the old URL is forgotten.
  void set_url(const std::string& url);

  /// Begins to dial, unless a connection exists or the back-off is not over.
  bool start_dialling(time_point now);

  /// The INGRESS of the peer is connected.
  void on_dialled(ingress_actor ingress);

  /// The handshake is sent, on a new connection or on an open one.
  void on_greeting();

  /// The peer has accepted the handshake. True: this ends an interruption.
  bool on_open();

  /// The connection is broken, or was not made; false: it was not known to
  /// exist. The next dial starts at `redial_at`.
  bool on_disconnected(time_point redial_at);

  phase state() const {
    return state_;
  }
  std::uint64_t id() const {
    return id_;
  }
  const std::string& url() const {
    return url_;
  }
  const ingress_actor& ingress() const {
    return ingress_;
  }
  /// The number of disconnects since the connection was open.
  std::uint32_t failures() const {
    return failures_;
  }

  const node_id peer;
  session_id session;    ///< of the peer, as the last sender knew it; or nil
  time_point idle_since; ///< the last enqueue or acknowledgement

private:
  void release(const in_flight_batch& x);

  std::uint64_t id_;
  credit_ptr credit_;
  node_counters& counters_;

  struct queued_fragment {
    time_point since;
    fragment content;
  };
  flat_queue<queued_fragment> queue_;
  std::deque<in_flight_batch> in_flight_;
  std::uint64_t fragments_in_flight_ = 0;
  std::uint64_t bytes_in_flight_ = 0;
  std::uint64_t next_ = 1; ///< the number of the next fragment

  phase state_ = phase::disconnected;
  std::string url_;
  ingress_actor ingress_; ///< null while disconnected or dialling
  time_point redial_at_;
  std::uint32_t failures_ = 0;
};

} // namespace edgeless
