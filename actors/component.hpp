// SPDX-License-Identifier: MIT
#pragma once

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <caf/actor_clock.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// The COMPONENT: is one logical function or resource. Spawned by the
/// ORCHESTRATOR. It owns where it lives, and for ever tries to have exactly
/// one instance; when those that it feeds move, it patches its own instance,
/// and nobody else does.
struct component_state {
  using pointer = component_actor::stateful_pointer<component_state>;
  static inline constexpr const char* name = "component";

  explicit component_state(pointer self);

  void init(component_spec spec, orchestrator_actor orchestrator,
            chance random);

  // -- having a home ----------------------------------------------------------
  void seek();
  void settle(const placement& at);
  void arrive(const physical_id& id);
  void retreat(const physical_id& id, const caf::error& reason);
  void wait_for_node(const caf::error& reason);
  void lose(const session_id& session);
  void exited(const physical_id& id, const std::string& why);
  bool adopt(const inventory_record& record, const placement& at);
  void evict(std::string why);
  void back_off();

  // -- patching ---------------------------------------------------------------
  void watch(const listener_actor& listener);
  void learn(const logical_id& target, const endpoint& at);
  void announce();
  void patch();
  output_map outputs() const;

  component_status status() const;
  void tick();
  void stop();

  /// A place to live, or an attempt at one.
  struct abode {
    placement at;
    physical_id instance;
    /// Of an attempt: the instance has ended before we knew it had begun.
    std::optional<std::string> ended;
  };

  pointer self;
  component_spec spec;
  orchestrator_actor orchestrator;
  chance random;

  std::optional<abode> home;
  std::optional<abode> attempt;
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

component_actor::behavior_type
component(component_state::pointer self, component_spec spec,
          orchestrator_actor orchestrator, chance random);

} // namespace edgeless
