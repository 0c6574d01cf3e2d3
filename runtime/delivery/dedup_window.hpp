// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace edgeless {

/// What a receiver must know of an event to confirm it.
struct receipt {
  instance_id source;
  logical_id component;
  std::uint64_t stream = 0; ///< zero: nobody waits to hear of it
  std::uint64_t number = 0;
};

inline receipt receipt_of(const event& x) {
  return {x.source, x.source_component, x.stream, x.number};
}

/// What one receiver remembers of the channels that deliver to it at least
/// once. Of each stream it takes the events in their order, each once: two
/// numbers per stream tell all. The longest unused are forgotten.
class dedup_window {
public:
  enum class verdict {
    fresh,
    duplicate,
    /// One before it is missing; it will come again.
    out_of_order,
  };
  /// A new one counts as taken from now on.
  verdict classify(const event& x);

  void handled(const receipt& x);

  /// What a predecessor knew.
  void learn(const event& known);
  /// What a successor must know, oldest first.
  std::vector<event> all() const;

  /// Something has to be told to sources.
  bool speaks() const {
    return !news_.empty();
  }
  /// To whom, what: each stream once.
  std::vector<std::pair<instance_id, event>> drain_acks();

private:
  using key = std::pair<logical_id, std::uint64_t>;

  struct stream {
    instance_id source;
    std::uint64_t taken = 0;
    std::uint64_t handled = 0;
    std::uint64_t out_of_order = 0; ///< the last that was
    std::uint64_t used = 0;
    bool news = false;
    bool asked = false; ///< ...and its source should look what is missing
  };

  stream& find(const key& name, std::uint64_t confirmed);
  void mention(const key& name, stream& x, bool asked);

  std::map<key, stream> streams_;
  std::vector<key> news_;
  std::uint64_t uses_ = 0;
};

} // namespace edgeless
