// SPDX-License-Identifier: MIT
#pragma once

#include "test/cables.hpp"
#include "test/scripts.hpp"

#include "actors/controller.hpp"
#include "actors/node.hpp"
#include "actors/orchestrator.hpp"

#include <caf/scheduler/test_coordinator.hpp>

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace edgeless::test {

using namespace std::chrono_literals;

/// A function or resource of a workflow in a test.
component_draft function(std::string name, std::string script,
                         std::map<std::string, std::string> outputs = {},
                         std::map<std::string, std::string> annotations = {});
component_draft resource(std::string name, std::string class_type,
                         std::map<std::string, std::string> configuration);

/// A whole cluster inside one deterministic scheduler, on virtual time: no
/// threads, no sockets, no sleeps. Functions are scripts; what they do is
/// written to the journal as `NAME@NODE <- PAYLOAD`.
class world {
public:
  struct options {
    std::uint64_t seed = 1;
    caf::timespan keep_alive_interval{2s};
    placement_strategy strategy = placement_strategy::round_robin;
    std::vector<std::string> domains{"domain-1"};
    /// Deliver ready actors in a random order instead of their own.
    bool shuffled = false;
  };

  world();
  explicit world(options x);
  ~world();

  // -- what happens ---------------------------------------------------------------
  void add_domain(const std::string& domain);
  void add_controller();
  void add_node(const std::string& name, node_description details = {},
                const std::string& domain = "domain-1");
  /// The process dies: connections break, nothing says good-bye.
  void kill(const std::string& name);
  /// Nobody hears it anymore, and it hears nobody.
  void cut(const std::string& name);
  void cut(const std::string& a, const std::string& b);
  void mend(const std::string& name);
  void mend(const std::string& a, const std::string& b);

  /// Starts a workflow; `status` has what the controller says.
  workflow_id start(std::vector<component_draft> components);
  caf::error try_start(std::vector<component_draft> components);
  void stop(const workflow_id& id);
  /// An event from outside, through the gate of wherever it lives.
  void cast_to(const std::string& component, const std::string& payload);

  /// Delivers all there is; time stands still.
  void settle();
  /// Lets time pass, from timeout to timeout.
  void pass(caf::timespan duration);

  // -- what can be seen -------------------------------------------------------------
  workflow_status look(const workflow_id& id);
  component_status look(const std::string& component);
  /// The name of the node a component lives on, or "nowhere".
  std::string home(const std::string& component);
  std::vector<domain_description> domains();
  std::vector<std::string> journal;
  workflow_status status;
  /// Over all nodes that there were: sent, handled, dropped.
  std::uint64_t sent() const;
  std::uint64_t handled() const;
  std::uint64_t dropped() const;
  std::uint64_t dropped(drop_reason reason) const;
  neighbourhood& hood(const std::string& node);
  int compiled(const std::string& node) const;
  std::size_t actors();
  std::vector<std::string> nodes() const;

  script_book scripts;
  chance random;

private:
  struct host {
    node_actor handle;
    node_id id;
    std::shared_ptr<script_engine> engine;
    neighbourhood_ptr hood;
    bool alive = true;
  };

  static caf::actor_system_config& configure(caf::actor_system_config& x);
  std::vector<std::string> processes() const;
  void upload(const std::string& module);
  step record(guest_host& host, const guest_event& x, const std::string& who);
  std::string name_of(const node_id& id) const;

  template <class T, class Handle, class... Ts>
  caf::expected<T> ask(const Handle& whom, Ts... xs);

  options options_;
  caf::actor_system_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  caf::scoped_actor self_;
  network net_;
  std::vector<std::unique_ptr<listener>> listeners_;
  std::map<std::string, host> hosts_;
  std::vector<neighbourhood_ptr> hoods_; ///< of the dead, too
  std::map<std::string, orchestrator_actor> orchestrators_;
  controller_actor controller_;
  std::vector<workflow_id> workflows_;
};

} // namespace edgeless::test
