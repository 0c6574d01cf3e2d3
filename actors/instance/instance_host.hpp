// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/back_pressure.hpp"
#include "actors/instance/delayed_casts.hpp"
#include "actors/instance/execution_monitor.hpp"
#include "actors/instance/instance_queues.hpp"
#include "actors/instance/log_limiter.hpp"
#include "actors/instance/outstanding_call.hpp"

#include "messages/interfaces.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace edgeless {

/// From `initialising` on there is a guest.
enum class instance_phase {
  prepared,
  initialising,
  running,
  frozen,     ///< handles no further event
  forwarding, ///< to its successor; the guest has only its stop hook left
  stopping,
  ended,
};

/// The host of one guest: gives it its events, one at a time, and does what it
/// asks for. A part of a function_instance, on the same thread.
class instance_host final : public guest_host {
public:
  using time_point = caf::actor_clock::time_point;

  /// The function_instance.
  class owner {
  public:
    virtual instance_phase phase() const = 0;
    /// The init hook has returned: the instance is running.
    virtual void on_initialised() = 0;
    /// The stop hook begins.
    virtual void on_stopping() = 0;
    /// Runs the guest. From any thread.
    virtual void wake() = 0;

  protected:
    ~owner() = default;
  };

  instance_host(owner& instance, const function_options& options,
                instance_queues& queues);

  // -- the event in hand ------------------------------------------------------
  /// The state that the init hook gets.
  void set_state(std::string state) {
    current_.state = std::move(state);
  }
  /// The guest continues from a state: it runs no init hook.
  void skip_init() {
    init_taken_ = true;
  }
  bool is_in_handler() const {
    return in_handler_;
  }
  hook current_hook() const {
    return current_.kind;
  }
  bool has_stopped() const {
    return stop_hook_returned_;
  }
  /// How many casts and calls were handled since the last call.
  std::uint64_t take_handled() {
    return std::exchange(handled_, 0);
  }
  /// The guest of a forwarding stub is gone.
  void retire();
  /// The guest is gone. The event in hand is dropped, a call is answered with
  /// an error, and the source of a trap is told.
  void abort(drop_reason reason);

  /// Reports a change of the instance, or its end, to TELEMETRY.
  void observe(telemetry_kind kind, std::string text = {});

  /// When a deadline passes or a delayed cast is due; nullopt: never.
  std::optional<time_point> due() const;
  /// Logs how many lines were omitted, if that is due or `at_once`.
  void report_omitted_logs(bool at_once = false);
  /// Sends the delayed casts that are due, unless the instance is frozen.
  void send_delayed();

  // -- guest_host -------------------------------------------------------------
  const guest_event* next() noexcept override;
  void done(call_result result) noexcept override;
  bool cast(std::string_view channel,
            std::string_view payload) noexcept override;
  void cast(const instance_id& target,
            std::string_view payload) noexcept override;
  std::optional<caf::expected<call_result>>
  call(std::string_view channel, std::string_view payload) noexcept override;
  std::optional<caf::expected<call_result>>
  call(const instance_id& target, std::string_view payload) noexcept override;
  caf::error delayed_cast(std::chrono::milliseconds delay,
                          std::string_view channel,
                          std::string_view payload) noexcept override;
  bool sleep(std::chrono::nanoseconds time) noexcept override;
  void log(std::uint32_t level, std::string_view target,
           std::string_view text) noexcept override;
  instance_id self() const noexcept override;
  caf::error sync(std::string_view state) noexcept override;
  void spent(std::chrono::nanoseconds time) noexcept override;
  void wake() noexcept override;

  outstanding_call calls;
  delayed_casts delayed;
  log_limiter logs;
  back_pressure pressure;
  execution_monitor times;

private:
  bool is_ending() const; ///< only the stop hook is left
  bool has_timed_out(const std::optional<time_point>& blocked_since) const;
  bool send_delayed(const delayed_casts::entry& x);
  blocking mode() const;
  void finish_event();
  void take_event();
  void cast_to_self(std::string_view payload);
  void measure(std::string_view target, std::string_view text);
  event make_call(std::string_view payload, const node_id& target);
  telemetry_event make_report() const;
  void send_log(std::uint32_t level, std::string_view target,
                std::string_view text);

  owner& instance_;
  const function_options& options_;
  instance_queues& queues_;
  guest_event current_;
  std::optional<event> caller_; ///< the call in hand
  receipt receipt_;             ///< of the event in hand
  bool in_handler_ = false;
  bool init_taken_ = false;
  bool stop_hook_returned_ = false;
  std::uint64_t handled_ = 0;
};

} // namespace edgeless
