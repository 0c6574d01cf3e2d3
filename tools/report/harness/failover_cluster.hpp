// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/harness/controller_stub.hpp"
#include "tools/report/harness/node.hpp"
#include "tools/report/harness/peer.hpp"
#include "tools/report/plan.hpp"

#include "runtime/metrics/domain_counters.hpp"
#include "runtime/net/basp/caf_system.hpp"
#include "runtime/net/transport.hpp"

#include "messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <functional>
#include <map>
#include <mutex>

namespace edgeless::benchmark {

/// Sees who sends, and what: the end of a line of functions.
class recorder {
public:
  struct sight {
    instance_id source;       ///< of the last event
    clock::time_point since;  ///< ...which has sent from then on
    std::string first;        ///< what it has sent first
    std::string payload;      ///< of the last event
    std::uint64_t events = 0; ///< of all sources
  };

  void see(const guest_event& x);
  sight last() const;

private:
  mutable std::mutex mutex_;
  sight last_;
};

/// A domain whose orchestrator and first node live here, over loopback, and
/// whose other nodes are processes of their own that can be killed.
///
///     source (front) -> middle (a member) -> sink (front, a witness)
class stage {
public:
  using statuses = std::vector<component_status>;

  /// Returns when the front node has joined.
  static caf::expected<std::unique_ptr<stage>>
  make(const std::filesystem::path& scratch, std::chrono::milliseconds period);
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;
  ~stage();

  /// Starts a member, or starts it again under its id; waits until it is one.
  caf::error add(std::size_t member);
  void signal(std::size_t member, int number);
  /// Kills it, if it lives, and waits for its end.
  void reap(std::size_t member);

  /// Which of the members has this id.
  std::optional<std::size_t> member(const node_id& id) const;

  /// A function that may live on these members only, with a workflow of its
  /// own.
  component_spec function(const std::string& module,
                          const std::vector<std::size_t>& members);
  /// Hosts functions that have the same workflow: answers when all run.
  caf::expected<statuses> host(const std::vector<component_spec>& specs);
  caf::expected<statuses> inspect(const workflow_id& workflow);
  /// Hosts source, middle and sink; the middle is `middle`.
  caf::error host_line(component_spec middle);

  /// One event for the source.
  void cast();
  node& front() {
    return *front_;
  }
  const physical_id& source() const {
    return source_;
  }

  recorder& sink() {
    return *witness_;
  }

  const domain_counters& counts() const {
    return *counts_;
  }

private:
  stage() = default;

  caf::error open(std::chrono::milliseconds period);
  caf::error wait_for_nodes(std::size_t count);

  system_config config_;
  caf::actor_system system_{config_};
  std::filesystem::path scratch_;
  std::string url_;
  std::shared_ptr<domain_counters> counts_
    = std::make_shared<domain_counters>();
  std::shared_ptr<transport> net_;
  orchestrator_actor orchestrator_;
  std::unique_ptr<listener> acceptor_;
  controller_link controller_link_;
  std::shared_ptr<recorder> witness_ = std::make_shared<recorder>();
  node_id front_id_;
  std::unique_ptr<node> front_;
  physical_id source_;
  std::vector<node_id> ids_;
  std::map<std::size_t, std::unique_ptr<child>> members_;
  caf::scoped_actor self_{system_};
};

/// False if it does not come true in time.
bool comes_true(std::chrono::milliseconds timeout,
                const std::function<bool()>& condition);

} // namespace edgeless::benchmark
