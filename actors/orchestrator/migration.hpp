// SPDX-License-Identifier: MIT
#pragma once

#include "messages/interfaces.hpp"

#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <optional>
#include <string>

namespace edgeless {

struct component_state;

/// An instance of a component on a node.
struct placed_instance {
  placement at;
  physical_id instance;
  /// The instance that it has taken over from; nil: none.
  physical_id predecessor{};
  /// Of an instance that is being started or activated: it has ended before the
  /// answer came, and why.
  std::optional<std::string> ended{};
};

/// Migrates the instance of one component to another node:
///   prepare   an instance is made on the target node;
///   freeze    the running instance, the source, stops handling events;
///   activate  the target instance starts with the state of the source;
///   hand over the source passes on its queue and what still arrives.
/// The source stays the running instance until the target is activated; an
/// error before that thaws it. One migration at a time, others wait in line.
/// Part of its COMPONENT: called by that actor only.
class migration {
public:
  explicit migration(component_state& component) : component_{component} {
    // nop
  }

  /// Answers when the target runs, or with the reason why the source still
  /// does.
  caf::result<atom::ok> request(const placement& to);

  bool is_active() const {
    return active_.has_value();
  }

  /// Whether the target is being activated. Until then the routes of the source
  /// must not change: both begin with the same ones.
  bool is_activating() const {
    return active_ && active_->at == step::activate;
  }

  /// The source of the last migration while it hands over.
  const std::optional<placed_instance>& handing_over() const {
    return handing_over_;
  }

  /// Whether the instance is the target of the migration under way.
  bool targets(const physical_id& id) const {
    return active_ && active_->target.instance == id;
  }

  /// The running instance takes over from that one, as if a migration from
  /// there had ended just now.
  void take_over_from(const placement& at, const physical_id& instance);

  /// The time to hand over to this instance has passed.
  void end_hand_over(const physical_id& successor);

  /// An instance has ended by itself, maybe the target.
  void on_exited(const physical_id& id, const std::string& why);

  /// The source is gone. True: the target is being activated and takes over.
  bool on_source_down(const std::string& why);

  /// A session has ended. True: the migration was concerned and the component
  /// has nothing left to do.
  bool on_session_lost(const session_id& session);

  /// A node joins again with an instance of this migration. True: the instance
  /// may stay.
  bool adopt(const inventory_record& record, const placement& at);

  /// Fails the migration under way and those that wait.
  void cancel(const caf::error& reason);

private:
  using promise = caf::typed_response_promise<atom::ok>;

  enum class step { prepare, freeze, activate };

  struct active {
    step at = step::prepare;
    placed_instance target;
    promise answer;
  };

  struct queued {
    placement to;
    promise answer;
  };

  bool is_at(step at, const physical_id& target) const {
    return targets(target) && active_->at == at;
  }

  void begin(const placement& to, promise answer);
  void begin_next();
  void freeze_source(const physical_id& target);
  void transfer_state(const physical_id& target, state_part x);
  void activate_target(const physical_id& target, const state_part& last);
  void complete();
  void fail_active(const caf::error& reason);
  void send_hand_over();

  component_state& component_;
  std::optional<active> active_;
  std::deque<queued> queue_;
  std::optional<placed_instance> handing_over_;
};

} // namespace edgeless
