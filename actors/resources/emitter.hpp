// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/instance_queues.hpp"
#include "actors/resources/outlet.hpp"

#include <deque>
#include <map>
#include <optional>

namespace edgeless {

/// Sends what the implementation of a resource has put into its outlet, in
/// order, and gives the replies to its calls back. A plain object of its
/// instance's thread.
class emitter {
public:
  using time_point = caf::actor_clock::time_point;

  explicit emitter(instance_queues& queues) : queues_{queues} {
    // nop
  }

  /// Takes a request over from the outlet. When too many wait, a cast is
  /// dropped and counted, and a call fails.
  void add(outlet::cast_request x);
  void add(outlet::call_request x);

  /// Sends what waits and can be sent, unless it is paused.
  void pump();
  /// Until resume(), casts wait, and calls that were not sent fail.
  void pause();
  void resume() {
    is_paused_ = false;
    pump();
  }

  /// A reply, no_reply or error.
  void on_answer(const event& x);
  /// Targets have acknowledged casts.
  void on_acknowledged();
  /// The calls to instances of that node get no reply anymore.
  void on_lost(const std::function<bool(const node_id&)>& is_lost);
  /// Fails calls that are out of time, and pumps.
  void on_tick();
  std::optional<time_point> due() const;

  /// Whether no call awaits its reply.
  bool is_idle() const {
    return sent_.empty();
  }
  /// There is a successor: casts that wait are sent now, calls that wait fail.
  void end();
  /// Calls that wait fail, and so do those that await a reply unless
  /// `only_waiting`. Waiting casts are dropped and counted.
  void clear(drop_reason reason, bool only_waiting = false);

private:
  struct waiting_cast {
    outlet::cast_request request;
    std::optional<time_point> refused_since{};
  };
  struct pending_call {
    outlet::call_request request;
    time_point deadline;
    time_point not_before{};    ///< the next attempt
    std::uint32_t attempts = 0; ///< that an instance may have handled
    node_id callee{};
  };

  using acceptance_handlers = std::deque<outlet::acceptance_handler>;

  bool has_room(std::size_t bytes) const;
  bool try_cast(waiting_cast& x);
  bool try_accountable_cast(outlet::cast_request& x);
  bool try_call(pending_call& x);
  void wait(pending_call x);
  pending_call take_sent(std::uint64_t call);
  void fail(pending_call x);
  void retry_unhandled(pending_call x);
  static void give_back(pending_call x);
  void fail_waiting();

  instance_queues& queues_;
  std::deque<waiting_cast> casts_;
  /// By channel: of the newest casts that were offered. As many may not be
  /// acknowledged.
  std::map<std::string, acceptance_handlers> offered_;
  std::deque<pending_call> waiting_; ///< calls that could not be sent yet
  std::map<std::uint64_t, pending_call> sent_;
  std::size_t waiting_bytes_ = 0; ///< of casts_ and waiting_
  std::size_t sent_bytes_ = 0;    ///< of sent_
  std::uint64_t last_call_ = 0;   ///< the number of the last call
  bool is_paused_ = false;
};

} // namespace edgeless
