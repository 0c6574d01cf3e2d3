// SPDX-License-Identifier: MIT
#pragma once

#include "test/cables.hpp"
#include "test/scripts.hpp"

#include "actors/controller.hpp"
#include "actors/gate.hpp"
#include "actors/node.hpp"
#include "actors/orchestrator.hpp"

#include <caf/scheduler/test_coordinator.hpp>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
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

/// A node with these labels.
node_description labelled(std::vector<std::string> labels);
/// A node with one provider of that class.
node_description providing(std::string class_type);

using lines = std::vector<std::string>;

/// A whole cluster inside one deterministic scheduler, on virtual time: no
/// threads, no sockets, no sleeps. Functions are scripts; some are there from
/// the start:
///   relay  writes casts to the journal as `relay@NODE <- PAYLOAD`, passes them
///          on to `out`; the payload "die" traps
///   sink   the same without passing on
///   asker  calls `out` with each cast, and writes `asker@NODE = ANSWER`
///   server answers calls with `re PAYLOAD`; "none" without an answer, "die"
///          with a trap, "never" only when its own call to `out` is answered
class world {
public:
  struct options {
    std::uint64_t seed = 1;
    caf::timespan keep_alive_interval{2s};
    placement_strategy strategy = placement_strategy::round_robin;
    std::vector<std::string> domains{"domain-1"};
    /// Deliver ready actors in a random order instead of their own.
    bool shuffled = false;
    /// Where the first domain is mirrored to; may be empty.
    redis_opener mirror{};
    /// What the controller remembers its workflows by; may be nobody.
    std::shared_ptr<workflow_store> store{};
  };

  world();
  explicit world(options x);
  ~world();

  // -- who there is -----------------------------------------------------------
  void add_domain(const std::string& domain);
  void add_controller();
  /// It dies; another one knows what its store does.
  void kill_controller();
  void add_node(const std::string& name, node_description details = {},
                const std::string& domain = "domain-1");
  /// The process dies: connections break, nothing says good-bye.
  void kill(const std::string& name);
  /// All of them at the same time.
  void kill(const lines& names);
  /// Another life under the same id, at the same address.
  void restart(const std::string& name);
  /// It ends in order.
  void shut_down(const std::string& name);
  void kill_domain(const std::string& domain);
  /// Another one of that name, who knows nothing.
  void restart_domain(const std::string& domain = "domain-1");
  /// The connections between the two break, and can be dialled again.
  void reset(const std::string& a, const std::string& b);
  /// Nobody hears it anymore, and it hears nobody.
  void cut(const std::string& name);
  void cut(const std::string& a, const std::string& b);
  /// The second one does not hear the first one anymore.
  void cut_way(const std::string& from, const std::string& to);
  /// From now on what either says to the other takes so long.
  void delay(const std::string& a, const std::string& b, caf::timespan takes);
  void mend(const std::string& name);
  void mend(const std::string& a, const std::string& b);
  void mend_all();

  // -- what is asked for ------------------------------------------------------

  /// Starts a workflow; `status` has what the controller says.
  workflow_id start(std::vector<component_draft> components);
  caf::error try_start(std::vector<component_draft> components);
  void stop(const workflow_id& id);
  /// Its node is told to stop this instance; nothing else happens for now.
  void stop(const std::string& node, const physical_id& instance);
  caf::error try_start(const workflow_id& id,
                       std::vector<component_draft> components);
  /// Only asks for it; the answer, if one comes, into `answers` or `stopped`.
  void begin_start(const workflow_id& id,
                   const std::vector<component_draft>& components);
  void begin_stop(const workflow_id& id);
  std::set<workflow_id> answers;
  std::set<workflow_id> stopped;
  /// An event from outside, at wherever it lives.
  void cast_to(const std::string& component, const std::string& payload);
  void cast_to(const std::string& node, const physical_id& instance,
               const std::string& payload);
  /// The same, and nothing else happens for now.
  void post(const std::string& component, const std::string& payload);
  void post(const std::string& node, const physical_id& instance,
            const std::string& payload);

  /// Asks the orchestrator, and waits for the answer: what it says.
  caf::expected<std::string> migrate(const std::string& component,
                                     const std::string& node);
  caf::expected<std::string> enact(const intent& x);
  caf::expected<std::string> enact(intent_kind kind, const std::string& node);
  /// Only asks; the answers come into `outcomes`.
  void begin(const intent& x);
  void begin_move(const logical_id& component, const node_id& node);
  void begin_move(const std::string& component, const std::string& node);
  std::vector<caf::expected<std::string>> outcomes;

  // -- time -------------------------------------------------------------------

  /// Delivers all there is; time stands still.
  void settle();
  /// Gives that many turns to whoever is ready.
  void run(int turns);
  /// Moves the clock, and nothing else: for guests that never come to rest.
  void hurry(caf::timespan duration);
  /// Lets time pass, from timeout to timeout.
  void pass(caf::timespan duration);

  // -- what can be seen -------------------------------------------------------
  workflow_status look(const workflow_id& id);
  component_status look(const std::string& component);
  /// The name of the node a component lives on, or "nowhere".
  std::string home(const std::string& component);
  std::vector<domain_description> domains();
  /// Where instances of it run, whoever knows of them.
  lines sightings(const std::string& component);
  lines sightings(const logical_id& component);
  std::vector<workflow_id> list();
  caf::expected<std::uint64_t> try_upload(const code_part& part);
  lines journal;
  workflow_status status;
  /// Over all nodes that there were: sent, handled, dropped.
  std::uint64_t sent() const;
  std::uint64_t handled() const;
  std::uint64_t dropped() const;
  std::uint64_t dropped(drop_reason reason) const;
  /// Whether each event was handled or dropped, and none twice.
  bool balanced() const;
  /// Whether each event was handled or dropped.
  bool accounted() const;
  /// The same, and none twice, but for those that a lost session leaves in
  /// doubt: whoever loses one cannot know what the peer had taken.
  bool balanced_but_for_doubt() const;
  node_id id_of(const std::string& node) const;
  /// White-box: what is inside a node.
  node_state& inside(const std::string& node) const;
  gate_state& gate_of(const std::string& node);
  /// White-box: what is inside an orchestrator.
  orchestrator_state& inside_domain(const std::string& domain = "domain-1");
  bool has_domain(const std::string& domain = "domain-1") const;
  neighbourhood& hood(const std::string& node) const;
  int compiled(const std::string& node) const;
  std::size_t actors();
  lines nodes() const;
  /// The name of the node that an instance runs on.
  std::string node_of(const physical_id& instance) const;
  std::string node_of(guest_host& host) const;
  void note(guest_host& host, const std::string& who, const std::string& what);

  script_book scripts;
  chance random;

private:
  struct host {
    node_actor handle;
    node_id id;
    std::shared_ptr<script_engine> engine;
    neighbourhood_ptr hood;
    node_state* state = nullptr;
    node_description details;
    std::string domain;
  };

  static caf::actor_system_config& configure(caf::actor_system_config& x);
  std::vector<std::string> processes() const;
  caf::error upload(const std::string& module);
  static workflow_spec spec_of(const std::vector<component_draft>& components);
  void end_domain(const std::string& domain);
  void write_scripts();

  /// White-box: laws are about what nobody can ask for.
  template <class State, class Actor, class Handle>
  static State& state_of(const Handle& whom) {
    using actor_type = caf::stateful_actor<State, typename Actor::base>;
    auto* found = caf::actor_cast<caf::abstract_actor*>(whom);
    return dynamic_cast<actor_type&>(*found).state;
  }

  template <class T, class Handle, class... Ts>
  caf::expected<T> ask(const Handle& whom, Ts... xs) {
    caf::expected<T> result{fail(ec::unreachable, "nobody answered")};
    if (!whom)
      return result;
    auto request = self_->request(whom, caf::infinite, std::move(xs)...);
    settle();
    // What takes time is waited for, on virtual time.
    for (int i = 0; i < 60 && self_->mailbox().empty(); ++i)
      pass(500ms);
    if (self_->mailbox().empty())
      return result;
    request.receive([&](T& x) { result = std::move(x); },
                    [&](caf::error& x) { result = std::move(x); });
    return result;
  }

  options options_;
  caf::actor_system_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  caf::scoped_actor self_;
  network net_;
  std::map<std::string, std::unique_ptr<listener>> listeners_;
  std::map<std::string, host> hosts_;
  std::vector<neighbourhood_ptr> hoods_; ///< of the dead, too
  std::map<std::string, orchestrator_actor> orchestrators_;
  controller_actor controller_;
  std::vector<caf::actor> askers_;
  std::vector<workflow_id> workflows_;
};

} // namespace edgeless::test
