// SPDX-License-Identifier: MIT
#pragma once

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// A COMPONENT, what it says to itself,
/// and what only its own ORCHESTRATOR says.
using component_self_actor = component_actor::extend<
  // What runs in the domain is known by now: what has not come back does not.
  caf::reacts_to<atom::proceed>,
  // Whom that one has taken over from has had its time to pass on what it had.
  caf::reacts_to<atom::drop, physical_id>>;

/// The COMPONENT: is one logical function or resource. Spawned by the
/// ORCHESTRATOR. It owns where it lives, and for ever tries to have exactly
/// one instance; when those that it feeds move, it patches its own instance,
/// and nobody else does.
struct component_state {
  using pointer = component_self_actor::stateful_pointer<component_state>;
  static inline constexpr const char* name = "component";

  explicit component_state(pointer self);

  void init(component_spec spec, orchestrator_actor orchestrator,
            random_source random, bool waiting);

  // -- having a home ----------------------------------------------------------
  void seek();
  void settle(const placement& at);
  void arrive(const physical_id& id);
  void start_failed(const physical_id& id, const caf::error& reason);
  void wait_for_node(const caf::error& reason);
  void lose(const session_id& session);
  void exited(const physical_id& id, const std::string& why);
  bool adopt(const inventory_record& record, const placement& at);
  void drop_instance(std::string why);
  void back_off();
  void proceed();

  // -- moving: component_move.cpp ---------------------------------------------
  caf::result<atom::ok> migrate(const placement& to);
  void begin_move(const placement& to,
                  caf::typed_response_promise<atom::ok> promise);
  void freeze_home(const physical_id& id);
  void activate_successor(const physical_id& id, const std::string& state);
  void complete_move();
  void fail_move(const caf::error& reason);
  void end_move(const caf::error& reason);
  void begin_next_move();
  bool lose_move(const session_id& session);
  bool on_move_target_down(const std::string& why);
  bool adopt_moving(const inventory_record& record, const placement& at);
  bool adopt_frozen(const inventory_record& record, const placement& at);
  void succeed(const placement& at, const physical_id& instance);
  void hand_over();
  void thaw_home();
  void synced(const physical_id& id, const std::string& x);
  void pull_state(const inventory_record& record, const placement& at);
  bool mine(const physical_id& id) const;

  // -- patching ---------------------------------------------------------------
  void watch(const listener_actor& listener);
  void learn(const logical_id& target, const endpoint& at);
  void announce();
  void patch();
  output_map outputs() const;
  endpoint where() const;

  component_status status() const;
  void tick();
  void stop();

  /// A place to live, or an attempt at one.
  struct placed_instance {
    placement at;
    physical_id instance;
    /// Of an attempt: the instance has ended before we knew it had begun.
    std::optional<std::string> ended;
  };

  /// A migration under way. Home stays home until the successor runs.
  struct move {
    enum class step { prepare, freeze, activate };
    step at = step::prepare;
    placed_instance successor;
    caf::typed_response_promise<atom::ok> promise;
  };

  struct queued_move {
    placement to;
    caf::typed_response_promise<atom::ok> promise;
  };

  pointer self;
  component_spec spec;
  orchestrator_actor orchestrator;
  random_source random;

  std::optional<placed_instance> home;
  std::optional<placed_instance> attempt;
  std::optional<move> moving;
  std::deque<queued_move> moves;
  /// Whom home has taken over from, while that one passes on what it had.
  std::optional<placed_instance> former;
  physical_id predecessor; ///< of home, if that has migrated
  /// It may run somewhere already, and so may those that it feeds.
  bool waiting = false;
  bool inherited = false; ///< home was there before us
  /// What was found frozen: its successor may still be found.
  struct frozen_candidate {
    inventory_record record;
    placement at;
  };
  std::optional<frozen_candidate> frozen_candidate_;
  std::string state;   ///< the newest one, if its policy is Global
  bool asking = false; ///< where to live
  std::string reason;  ///< why there is no home, or why the last one ended
  std::uint32_t restarts = 0;
  std::uint32_t failures = 0; ///< in a row
  caf::actor_clock::time_point not_before;
  caf::actor_clock::time_point home_since;

  /// Who wants to know where this component lives.
  std::vector<listener_actor> listeners;
  /// Where those live that this component feeds.
  std::map<logical_id, endpoint> known;
  std::uint64_t revision = 1;
};

component_self_actor::behavior_type
component(component_state::pointer self, component_spec spec,
          orchestrator_actor orchestrator, random_source random, bool waiting);

} // namespace edgeless
