// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace edgeless {

/// What a receiver keeps of an event in order to acknowledge it.
struct receipt {
  instance_id source;
  logical_id component;
  std::uint64_t stream = 0; ///< zero: the event is not acknowledged
  std::uint64_t number = 0;
};

inline receipt receipt_of(const event& x) {
  return {x.source, x.source_component, x.stream, x.number};
}

/// The receiver's side of channels that deliver at least once. It accepts the
/// events of each stream in order, each once. Per stream it keeps the last
/// number that was accepted and the last that was handled; of more than
/// limits::streams, it evicts the least recently used.
class dedup_window {
public:
  enum class verdict {
    fresh,
    duplicate,
    /// An event before it is missing: the source sends both again.
    out_of_order,
  };
  /// A fresh event counts as accepted from now on.
  verdict classify(const event& x);

  /// The event has been handled, and all before it.
  void handled(const receipt& x);

  /// Takes over the state of one stream, which a predecessor has exported.
  void import_stream(const event& known);
  /// The state of all streams for a successor, least recently used first.
  std::vector<event> export_all() const;

  bool has_acks() const {
    return !pending_acks_.empty();
  }
  /// The acknowledgements that are due and their addressees, one per stream.
  std::vector<std::pair<instance_id, event>> drain_acks();

private:
  using key = std::pair<logical_id, std::uint64_t>;

  struct stream {
    instance_id source;
    std::uint64_t accepted = 0;     ///< never decreases
    std::uint64_t handled = 0;      ///< never decreases, at most `accepted`
    std::uint64_t out_of_order = 0; ///< the last number that was
    std::uint64_t used = 0;
    bool ack_pending = false;
    bool gap = false; ///< the acknowledgement asks for the missing events
  };

  stream& find(const key& name, std::uint64_t acknowledged);
  void queue_ack(const key& name, stream& x, bool gap);

  std::map<key, stream> streams_;
  std::vector<key> pending_acks_;
  std::uint64_t uses_ = 0;
};

} // namespace edgeless
