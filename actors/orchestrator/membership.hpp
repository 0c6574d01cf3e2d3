// SPDX-License-Identifier: MIT
#pragma once

#include "actors/orchestrator/orchestrator_self.hpp"

#include "runtime/base/log_throttle.hpp"
#include "runtime/metrics/domain_counters.hpp"
#include "runtime/net/transport.hpp"

#include "messages/interfaces.hpp"

#include <caf/actor_clock.hpp>
#include <caf/result.hpp>
#include <caf/system_messages.hpp>
#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace edgeless {

/// Which nodes of a domain are alive: their sessions, keep-alive polling and
/// the fencing of lost sessions. A node is lost when its connection breaks or
/// when it does not answer a keep-alive in time. Part of its ORCHESTRATOR:
/// called by that actor only.
class membership {
public:
  using welcome_promise = caf::typed_response_promise<welcome>;

  /// What the ORCHESTRATOR does about a change.
  struct callbacks {
    /// A node has a new session, in place of the former one (nil: none). It is
    /// a member when accept() has answered the promise.
    std::function<void(const node_description&, const placement& at,
                       const session_id& former, const inventory& brought,
                       welcome_promise)>
      on_joined;
    /// The session has ended; the other nodes are fenced already.
    std::function<void(const placement& at, const std::string& why)> on_lost;
    /// A node has answered a keep-alive. Samples that were sent again are gone
    /// from the report.
    std::function<void(const placement& at, const node_report&)> on_report;
  };

  /// `net` probes joining nodes; null: they are not probed. `interval`: between
  /// two keep-alives; zero: no polling.
  membership(orchestrator_ptr self, std::shared_ptr<transport> net,
             caf::timespan interval, random_source random,
             std::shared_ptr<domain_counters> counts, callbacks on);

  /// A node joins. It is refused if it does not answer at the address that it
  /// announces to others. A second process with the id of a member is refused
  /// while the member answers a keep-alive, and replaces it otherwise.
  caf::result<welcome> join(const node_description& node,
                            const node_actor& handle, const boot_id& boot,
                            const inventory& brought);

  /// The result of a probe.
  void on_reached(const reached& x);

  /// Completes a join; the node stops the unwanted instances.
  void accept(const placement& at, std::vector<physical_id> unwanted,
              welcome_promise promise);

  /// Null if the session has ended.
  const placement* find(const session_id& session) const;

  /// Whether a message of that session is valid; counts it otherwise.
  bool admits(const session_id& session);

  /// Polls all nodes; called once per interval.
  void poll();

  /// True: the actor was a node, which is lost.
  bool on_down(const caf::down_msg& x);

  /// Fences the sessions that were lost since the last call.
  void send_fences();

private:
  struct member {
    placement at;
    boot_id boot;
    bool is_polled = false;    ///< a keep-alive is under way
    std::uint64_t samples = 0; ///< the number of the last samples received
  };

  /// The keep-alives that a silent node may miss: one more if this process has
  /// stalled meanwhile.
  enum class attempts { one, two };

  /// A join that is not decided yet.
  struct request {
    node_description node;
    node_actor handle;
    boot_id boot;
    inventory brought;
    welcome_promise promise;
  };

  void decide(request x);
  void replace_if_silent(const placement& old, request x);
  void refuse(request& x, const char* why, caf::error reason);
  void add(request x);
  void lose(session_id session, const std::string& why);
  void fence(const fenced_session& x);
  void poll(member& x, attempts left);
  caf::timespan silence_allowed() const;
  void detect_stall(caf::actor_clock::time_point due);
  void on_report(const session_id& session, node_report& report);
  member* find_member(const session_id& session);

  orchestrator_ptr self_;
  std::shared_ptr<transport> net_;
  caf::timespan interval_;
  random_source random_;
  std::shared_ptr<domain_counters> counts_;
  callbacks on_;

  std::map<std::uint64_t, request> probed_; ///< by number
  std::uint64_t probes_ = 0;
  log_throttle throttle_;
  std::map<node_id, member> members_;
  std::map<session_id, node_id> sessions_;
  caf::actor_clock::time_point next_poll_ = caf::actor_clock::time_point::max();
  caf::actor_clock::time_point last_stall_;
  /// The newest lost sessions: a joining node is told of all of them.
  std::deque<fenced_session> fenced_;
  fenced_sessions pending_fences_;
  bool is_fencing_ = false; ///< `fences_due` is under way
};

} // namespace edgeless
