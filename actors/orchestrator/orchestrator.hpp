// SPDX-License-Identifier: MIT
#pragma once

#include "actors/threads.hpp"

#include "runtime/metrics/domain_counters.hpp"
#include "runtime/modules/module_store.hpp"
#include "runtime/placement/placement.hpp"
#include "runtime/redis/client.hpp"

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace edgeless {

/// What an orchestrator is born with.
struct orchestrator_options {
  std::string domain_id;
  /// Zero: no polling.
  caf::timespan keep_alive_interval{std::chrono::seconds{2}};
  placement_strategy strategy = placement_strategy::random;
  random_source random;
  std::shared_ptr<domain_counters> counts = std::make_shared<domain_counters>();
  /// To what the domain is mirrored, and intents are taken from; may be empty.
  redis_opener mirror;
  std::size_t mirrored_samples = limits::samples; ///< of each instance
  threads where = threads::own;
};

/// An ORCHESTRATOR, and what it says to itself.
using orchestrator_self_actor = orchestrator_actor::extend<
  // The workflow has had its time to start: answer whoever hosts it.
  caf::reacts_to<atom::expire, workflow_id>,
  // Whoever has no home may find one now.
  caf::reacts_to<atom::place>,
  // Those that were lost meanwhile are fenced together.
  caf::reacts_to<atom::fence>,
  // Since the controller has spoken, nodes have had their time to come back.
  caf::reacts_to<atom::proceed>>;

/// The ORCHESTRATOR (ε-ORC): owns the membership of one domain, who is alive
/// and who may host. Spawned by the program; spawns a COMPONENT for each
/// logical function and resource. Nodes and the controller come to it.
struct orchestrator_state {
  using pointer = orchestrator_self_actor::stateful_pointer<orchestrator_state>;
  static inline constexpr const char* name = "orchestrator";

  explicit orchestrator_state(pointer self);
  ~orchestrator_state();

  void init(orchestrator_options options);

  /// A node that belongs to the domain.
  struct member {
    node_description description;
    session_id session;
    boot_id boot;
    node_actor handle;
    bool polling = false;         ///< a keep-alive is on its way
    bool reconciling = false;     ///< an inventory is
    std::uint32_t mismatches = 0; ///< reports in a row that do not fit
    node_health health;
    std::uint64_t samples = 0;    ///< the number of the last lot that has come
    bool mirroring = false;       ///< the proxy has yet to take a report
    std::uint64_t unmirrored = 0; ///< samples that came meanwhile
  };

  // -- membership: orchestrator_nodes.cpp -------------------------------------
  caf::result<welcome> join(const node_description& who,
                            const node_actor& handle, const boot_id& boot,
                            const inventory& brought);
  void probe(const member& old, const node_description& who,
             const node_actor& handle, const boot_id& boot,
             const inventory& brought,
             caf::typed_response_promise<welcome> promise);
  void accept(const node_description& who, const node_actor& handle,
              const boot_id& boot, const inventory& brought,
              caf::typed_response_promise<welcome> promise);
  void reconcile_join(const session_id& former, const member& x,
                      const inventory& brought,
                      caf::typed_response_promise<welcome> promise);
  void greet(const member& x, std::vector<physical_id> unwanted,
             caf::typed_response_promise<welcome> promise);
  void lose(session_id session, const std::string& why);
  std::size_t evacuate(const session_id& session);
  void fence(const fenced_session& x);
  void tell_fences();
  void on_down(const caf::down_msg& x);
  /// Until a silent node is lost: one more if this process was the one that
  /// stood still.
  enum class chances { one, two };
  void poll();
  void poll(member& x, chances left);
  caf::timespan silence_allowed() const;
  void notice_stall(caf::actor_clock::time_point due);
  void heard(const session_id& session, node_report& report);
  void compare(member& x, const node_report& report);
  void reconcile(const session_id& session, const inventory& there);
  void exited(const session_id& session, const logical_id& component,
              const physical_id& instance, const std::string& why);
  member* find(const session_id& session);
  bool refuse(const session_id& session);
  void synced(const session_id& session, const logical_id& component,
              const physical_id& instance, const std::string& state);

  // -- placing: orchestrator_placing.cpp --------------------------------------
  caf::result<placement> place(const component_spec& spec);
  std::optional<placement> choose(const component_spec& spec);
  std::vector<std::string> why_not(const component_spec& spec,
                                   const member& x) const;
  std::vector<std::string>
  why_not(const std::vector<component_spec>& specs) const;
  std::string why_nowhere(const component_spec& spec) const;
  domain_description describe() const;

  // -- workflows: orchestrator_workflows.cpp ----------------------------------
  using statuses = std::vector<component_status>;

  /// A component as its orchestrator knows it.
  struct component_entry {
    component_actor handle;
    component_spec spec;
    /// Where it lives or tries to; from the last placement on.
    session_id session;
    physical_id instance; ///< nobody while it has no home
    /// Where it may move to: of each move that it was asked for.
    std::vector<session_id> bound{};
    /// Whom its instance has taken over from, who may not know that yet.
    physical_id former;
    caf::actor_clock::time_point former_until;
    bool settled = false; ///< it runs, or has failed at least once
    bool lived = false;   ///< it has had a home
  };

  caf::result<statuses> host(const workflow_id& workflow,
                             const std::vector<component_spec>& specs);
  void raise(const component_spec& spec, bool waiting);
  void moved(const logical_id& component, const endpoint& at);
  void assign(const logical_id& component, component_entry& x,
              const session_id& session);
  void unassign(const logical_id& component, const session_id& session);
  void answer_host(const workflow_id& workflow);
  void hosted(const std::vector<workflow_id>& all);
  caf::result<atom::ok> drop(const workflow_id& workflow);
  caf::result<statuses> inspect(const workflow_id& workflow);
  void gather(const workflow_id& workflow,
              caf::typed_response_promise<statuses> promise);
  void stop();

  // -- after a start: orchestrator_learning.cpp -------------------------------

  /// What a node has brought, of a component that nobody has hosted yet.
  struct orphan {
    inventory_record record;
    session_id session;
  };

  /// What an orchestrator that has just started has yet to find out.
  struct recovery_state {
    std::vector<orphan> orphans;
    bool told = false; ///< the controller has named its workflows
    /// Those of them that it has not hosted yet.
    std::set<workflow_id> named;
    bool patient = true; ///< nodes have some time left to come back
  };

  void hear_of(const std::set<workflow_id>& all);
  bool expect(const workflow_id& workflow);
  void claim(const workflow_id& workflow);
  void note_state(const physical_id& instance, std::uint64_t state);
  void offer(const orphan& x);
  void forget_orphans(const session_id& session);
  void end_patience();
  void release(const component_entry& x);
  void finish_recovery();

  // -- intents: orchestrator_intents.cpp --------------------------------------
  using done = std::function<void(const caf::error&)>;

  /// A node that is emptied.
  struct drainage {
    node_id node;
    std::deque<logical_id> left;
    std::size_t open = 0;
    std::size_t moved = 0;
    std::size_t failed = 0;
    std::string reasons;
    caf::typed_response_promise<std::string> promise;
  };

  caf::result<std::string> enact(const intent& x);
  caf::result<std::string> migrate(const logical_id& component,
                                   const std::vector<node_id>& candidates);
  caf::error refuse(ec code, std::string why);
  void count_migration(const logical_id& component, const caf::error& problem,
                       caf::actor_clock::time_point begun);
  void send_away(const logical_id& component, const placement& to, done then);
  caf::result<std::string> cordon(const node_id& node, bool on);
  caf::result<std::string> drain(const node_id& node);
  void drain_next(const std::shared_ptr<drainage>& x);
  bool targets(const component_entry& x, const session_id& session) const;
  placement at(const member& x) const;

  // -- modules: orchestrator_code.cpp -----------------------------------------
  caf::result<domain_description> attach(const std::string& domain,
                                         const controller_link_actor& whom);
  void obtain(const code_id& code);
  caf::result<code_part> fetch(const code_id& code, std::uint64_t offset);
  void serve(const code_id& code, const caf::error& problem);

  void tick();
  void tell_to_seek();
  void seek();
  void tell_controller();

  /// Calls `f` with each component whose home is that session.
  template <class F>
  void for_assigned(const session_id& session, F f) {
    auto all = assigned.find(session);
    if (all == assigned.end())
      return;
    for (auto& id : all->second)
      if (auto i = components.find(id);
          i != components.end() && i->second.session == session)
        f(i->second);
  }

  /// A fact for the proxy, if there is one. Nobody waits for it.
  template <class... Ts>
  void tell_proxy(Ts&&... xs) {
    if (proxy)
      self->send(proxy, std::forward<Ts>(xs)...);
  }
  void mirror(member& x, const node_report& report);

  pointer self;
  orchestrator_options options;
  std::unique_ptr<node_picker> picker;
  std::map<node_id, member> nodes;
  std::map<session_id, node_id> sessions;
  /// When it is due; and when something was last found to come late.
  caf::actor_clock::time_point next_tick = caf::actor_clock::time_point::max();
  caf::actor_clock::time_point last_stall;
  /// Nothing new is placed there, in whatever session they are.
  std::set<node_id> cordoned;
  std::deque<fenced_session> fenced; ///< lately
  fenced_sessions fences;            ///< which nodes have yet to be told
  bool fencing = false;              ///< ...soon
  std::map<logical_id, component_entry> components;
  /// Who lives or tries to live in a session, or may be found there: those who
  /// are told when it ends.
  std::map<session_id, std::set<logical_id>> assigned;
  std::set<logical_id> unplaced;        ///< those without an instance
  bool seeking = false;                 ///< they are told to seek soon
  std::map<code_id, std::size_t> users; ///< components with that module
  std::map<workflow_id, std::vector<logical_id>> workflows;
  /// Who waits for a workflow to have started.
  std::map<workflow_id, std::vector<caf::typed_response_promise<statuses>>>
    hosting;

  /// Nothing: it has learnt what runs.
  std::optional<recovery_state> recovery{std::in_place};

  proxy_actor proxy;
  controller_link_actor controller_link;
  module_store code{limits::modules};
  struct reader {
    std::uint64_t offset;
    caf::typed_response_promise<code_part> promise;
  };
  std::map<code_id, std::vector<reader>> readers;
  std::set<code_id> obtaining;
};

orchestrator_self_actor::behavior_type
orchestrator(orchestrator_state::pointer self, orchestrator_options options);

} // namespace edgeless
