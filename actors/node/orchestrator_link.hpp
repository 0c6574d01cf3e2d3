// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/node_self.hpp"

#include "runtime/base/backoff.hpp"
#include "runtime/base/log_throttle.hpp"
#include "runtime/net/transport.hpp"

#include "messages/limits.hpp"

#include <caf/actor_clock.hpp>

#include <functional>
#include <memory>
#include <string>

namespace edgeless {

/// The membership of a NODE in a domain: dials the orchestrator for ever,
/// joins, and gives it up when no keep-alive arrives. Reports go to the
/// orchestrator in the current session; without an orchestrator they are
/// dropped. Used by the NODE only.
class orchestrator_link {
public:
  /// What the link needs of its NODE.
  struct dependencies {
    node_self_actor::pointer self = nullptr;
    std::shared_ptr<transport> net;
    std::string url; ///< of the orchestrator
    node_description description;
    random_source random;
    /// The inventory of the node.
    std::function<inventory()> running;
    /// The node has joined. The inventory is the one that it joined with.
    std::function<void(const welcome&, const inventory&)> on_joined;
  };

  void open(dependencies x);

  /// Stops dialling: the node is stopping.
  void close();

  /// Dials unless the orchestrator is known or a dial is running.
  void dial();

  /// The answer of the transport: the orchestrator, or null and a reason.
  void on_dialled(const caf::strong_actor_ptr& orchestrator,
                  const std::string& reason);

  /// True: the actor that is down is the orchestrator.
  bool on_down(const caf::down_msg& x);

  void on_keep_alive();

  /// Gives the orchestrator up if it has sent no keep-alive for three
  /// intervals: a broken connection may not be reported.
  void check_keep_alive();

  void report_exit(const logical_id& component, const physical_id& instance,
                   const std::string& reason);

  /// False: there is no orchestrator.
  bool report_state(const logical_id& component, const physical_id& instance,
                    const std::string& state);

  /// Fetches a module, part by part.
  caf::result<std::string> fetch(const code_id& code);

  /// The current session, or the last one; nil: the node has never joined.
  const session_id& session() const {
    return session_;
  }

  bool has_orchestrator() const {
    return orchestrator_ != nullptr;
  }

private:
  void join();
  void on_welcome(const welcome& x);
  void on_lost(const std::string& reason, bool is_refused = false);
  void fetch_part(const code_id& code, std::string so_far,
                  caf::typed_response_promise<std::string> promise);

  dependencies node_;
  boot_id boot_;
  orchestrator_actor orchestrator_; ///< null while there is none
  session_id session_;
  bool is_dialling_ = false;
  bool is_closed_ = false;
  log_throttle throttle_;
  /// The pauses after a refusal: an orchestrator that cannot be reached is
  /// dialled at limits::redial, so that its nodes are back soon.
  backoff refusals_{limits::redial, limits::redial_max};
  caf::timespan keep_alive_interval_{0};
  caf::actor_clock::time_point last_keep_alive_;
};

} // namespace edgeless
