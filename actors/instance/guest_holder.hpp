// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/delayed_casts.hpp"
#include "actors/instance/function_options.hpp"

#include <caf/actor_clock.hpp>

#include <cassert>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace edgeless {

/// The guest of an instance: in memory, or hibernated, which leaves its state
/// only. Decides when its state is captured. A plain object of its instance's
/// thread.
class guest_holder {
public:
  using time_point = caf::actor_clock::time_point;

  /// What a captured state is for.
  enum class purpose { migration, hibernation, checkpoint };

  guest_holder(const function_options& options, caf::actor_clock& clock);
  ~guest_holder() {
    reset();
  }

  // -- the guest --------------------------------------------------------------
  void set(std::unique_ptr<guest> x) {
    guest_ = std::move(x);
  }
  void reset();
  /// There is a guest, perhaps a hibernated one.
  explicit operator bool() const {
    return guest_ || hibernated_;
  }
  bool is_awake() const {
    return static_cast<bool>(guest_);
  }
  bool is_hibernated() const {
    return hibernated_.has_value();
  }
  guest* operator->() const {
    assert(guest_);
    return guest_.get();
  }
  progress run();
  /// The last run() has handled all events: the state can be captured.
  bool is_at_rest() const {
    return at_rest_ && !capturing_;
  }
  bool is_capturing() const {
    return capturing_.has_value();
  }

  // -- state ------------------------------------------------------------------
  /// The next instance continues with the memory of this one.
  bool keeps_memory() const {
    return keeps_memory_;
  }
  /// Before the first run(): continues from the state of another instance.
  /// Errors: ec::bad_input, ec::exhausted.
  caf::error restore(std::string_view snapshot, delayed_casts& delayed);
  /// run() will return `captured`.
  void capture(purpose what);
  /// What was captured, and for what.
  std::pair<purpose, caf::expected<guest_state>> take_captured();
  /// Payloads of casts of the instance to itself that wait in its inbox.
  using own_casts = std::vector<std::string>;
  std::string encode(guest_state state, const delayed_casts& delayed,
                     const own_casts& waiting = {}) const;

  // -- hibernation ------------------------------------------------------------
  void hibernate(guest_state state);
  const guest_state& hibernated() const {
    return *hibernated_;
  }
  /// Makes a guest with the state of the hibernated one. Errors as those of
  /// guest_class::instantiate() and guest::restore().
  caf::error wake(guest_host& host);
  /// wake() failed a short time ago.
  bool is_wake_paused() const {
    return wake_at_ && clock_.now() < *wake_at_;
  }

  // -- time -------------------------------------------------------------------
  /// The guest begins to handle events.
  void start();
  /// The guest has handled events.
  void on_handled(std::uint64_t events);
  std::optional<time_point> due() const;
  /// For what the state is to be captured now, if is_at_rest().
  std::optional<purpose> take_due();
  /// It cannot be hibernated: that is not tried again.
  void stay_awake() {
    rest_due_.reset();
  }
  /// Events that were handled since the last checkpoint.
  std::uint64_t unsaved() const {
    return unsaved_;
  }

private:
  void rest_later();

  const function_options& options_;
  caf::actor_clock& clock_;
  const bool keeps_memory_;
  std::chrono::milliseconds hibernate_after_; ///< zero: never
  std::chrono::milliseconds checkpoint_pause_;
  std::unique_ptr<guest> guest_;
  std::optional<guest_state> hibernated_;
  std::optional<purpose> capturing_;
  bool at_rest_ = false;
  bool is_active_ = false; ///< events were handled since rest_due_ was set
  std::uint64_t unsaved_ = 0;
  std::uint64_t saving_ = 0; ///< of those, in the state that is captured
  std::optional<time_point> rest_due_; ///< it hibernates unless it is active
  std::optional<time_point> checkpoint_due_;
  std::optional<time_point> wake_at_;
};

} // namespace edgeless
