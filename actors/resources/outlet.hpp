// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/guest.hpp"

#include <caf/expected.hpp>
#include <caf/timespan.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

namespace edgeless {

/// What the implementation of a resource sends through its instance: casts and
/// calls on output channels, and the outcomes of events that it has deferred. A
/// bounded queue between the threads of the implementation and the instance.
/// All member functions may be called by any thread.
class outlet {
public:
  /// What became of a call.
  struct reply {
    call_result result;
    /// False: it may be sent again: no instance has begun to handle it, or it
    /// may be executed twice.
    bool sent = true;
    /// Of the call, if it is not sent because the instance moves or ends.
    std::string payload{};
  };
  using reply_handler = std::function<void(reply)>;

  /// Is called once: true: the target has accepted the cast; with the delivery
  /// at-least-once, it has handled it. False: it was dropped, or it is unknown
  /// what became of it. On the thread of the instance or on the one that closes
  /// the outlet; it must not block.
  using acceptance_handler = std::function<void(bool)>;

  struct cast_request {
    std::string channel;
    std::string payload;
    /// If it is set, the cast waits for its target as long as it takes.
    acceptance_handler on_accepted{};
  };

  struct call_request {
    std::string channel;
    std::string payload;
    /// The reply comes within this, or an error.
    caf::timespan timeout;
    /// Whether a failed call may be executed again.
    bool repeatable = false;
    /// Called once, on the thread of the instance or on the one that closes the
    /// outlet. It must not block.
    reply_handler on_reply;
  };

  /// The outcome of a deferred event: the reply to a call (ignored for a cast),
  /// or why it failed.
  struct outcome {
    std::uint64_t ticket = 0;
    caf::expected<std::string> answer;
  };

  /// What the next instance of the component begins with.
  struct saved_state {
    std::string state;
  };

  using item = std::variant<cast_request, call_request, outcome, saved_state>;

  /// `wake` is called when the queue is not empty anymore.
  explicit outlet(std::function<void()> wake) : wake_{std::move(wake)} {
    // nop
  }

  /// False: the queue is full, or the instance has ended, and nothing is sent
  /// or called.
  bool cast(std::string channel, std::string payload,
            acceptance_handler on_accepted = {});
  /// False: the queue is full, and `on_reply` is not called. If the instance
  /// has ended, it is called at once.
  bool call(call_request x);
  /// Whether the instance has ended.
  bool is_closed() const;
  /// An event that resource::handle() has deferred is done. With the error
  /// ec::stopping, no other instance has begun to handle it, and the caller may
  /// send it again. Takes no room: the number of deferred events is bounded.
  void finish(std::uint64_t ticket, caf::expected<std::string> answer);

  /// Replaces the state with which the next instance of the component begins,
  /// on whatever node; at most limits::state. Takes no room: only the newest
  /// one counts. False: it is too large, or the instance has ended.
  bool save(std::string state);

  // -- for the instance -------------------------------------------------------

  /// Removes all items, in order.
  std::vector<item> take();
  /// Nothing is accepted from now on. Calls that wait get an error.
  void close();

private:
  bool push(item x, std::size_t bytes);

  mutable std::mutex mutex_;
  std::function<void()> wake_;
  std::vector<item> items_;
  std::size_t requests_ = 0; ///< among the items
  std::size_t bytes_ = 0;    ///< of their payloads
  bool closed_ = false;
};

using outlet_ptr = std::shared_ptr<outlet>;

} // namespace edgeless
