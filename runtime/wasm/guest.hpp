// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/state/guest_state.hpp"

#include "messages/errors.hpp"
#include "messages/event.hpp"
#include "messages/workflow.hpp"

#include <caf/expected.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// The interface between function instances and the code that they run: a
/// WebAssembly module, or a script in tests. A guest is a coroutine: it runs
/// until it has no more events, is preempted, or waits for the answer to a
/// call. It has no thread of its own.
namespace edgeless {

/// The handler of a guest that an event calls.
enum class hook : std::uint8_t { init, cast, call, stop };

/// An event for a guest.
struct guest_event {
  hook kind = hook::cast;
  instance_id source;
  /// For init: the init payload.
  std::string payload;
  /// For init: the state that a previous instance synced.
  std::string state;
};

/// The answer to a call, of a guest or to a guest.
struct call_result {
  event_kind kind = event_kind::no_reply; ///< reply, no_reply or error
  std::string payload;                    ///< of a reply
};

/// The node's services for a guest. No member may throw: an exception would
/// have to unwind the frames of WebAssembly code.
class guest_host {
public:
  virtual ~guest_host() = default;

  /// Takes the next event for the guest; nullptr if there is none. Valid until
  /// the next call of next().
  virtual const guest_event* next() noexcept = 0;

  /// The guest's answer to the call that next() returned.
  virtual void done(call_result result) noexcept = 0;

  /// A cast to an output channel, or to "self". False: there is no room and the
  /// channel's policy is to block. Then the guest is `blocked`, and repeats the
  /// cast when it runs again.
  virtual bool cast(std::string_view channel,
                    std::string_view payload) noexcept = 0;
  virtual void cast(const instance_id& target,
                    std::string_view payload) noexcept = 0;

  /// A call. Nothing: it has been sent, and the guest waits for
  /// guest::answer(). A result: it has already failed. An error: the guest
  /// traps with this reason.
  virtual std::optional<caf::expected<call_result>>
  call(std::string_view channel, std::string_view payload) noexcept = 0;
  virtual std::optional<caf::expected<call_result>>
  call(const instance_id& target, std::string_view payload) noexcept = 0;

  /// A cast to be sent after `delay`. On an error the guest traps.
  virtual caf::error delayed_cast(std::chrono::milliseconds delay,
                                  std::string_view channel,
                                  std::string_view payload) noexcept = 0;

  /// Suspends the guest. True: until guest::answer(), as after a call; its
  /// result is ignored. False: the time has already passed.
  virtual bool sleep(std::chrono::nanoseconds time) noexcept = 0;

  /// Logs a line. Levels: 1 error, 2 warning, 3 info, 4 debug, 5 trace.
  virtual void log(std::uint32_t level, std::string_view target,
                   std::string_view text) noexcept = 0;

  virtual instance_id self() const noexcept = 0;

  /// Stores a state for the next start. On an error the guest traps.
  virtual caf::error sync(std::string_view state) noexcept = 0;

  /// The CPU time that the current event took in a sandbox process. Called
  /// before next(); never called for a guest in this process.
  virtual void spent(std::chrono::nanoseconds) noexcept {
    // nop
  }

  /// A guest that is `working` has sent a request or has ended: call run().
  /// Called by any thread, but never after the guest is destroyed.
  virtual void wake() noexcept {
    // nop
  }
};

/// The state of a guest after run().
enum class progress : std::uint8_t {
  /// next() returned no event: call run() when there is one.
  idle,
  /// Its time slice is over: call run() after other guests.
  preempted,
  /// It waits for an answer, or sleeps: call answer(), then run().
  waiting,
  /// It waits for room for a cast: call run() when there may be some.
  blocked,
  /// It computes in another process: call run() after guest_host::wake(). An
  /// earlier call has no effect.
  working,
  /// The state that capture() asked for is there: call take_state().
  captured,
  /// It trapped or exceeded a limit: see fault(). It cannot run again.
  dead,
};

/// One instance of a module. One thread at a time, any thread each time. May be
/// destroyed in any state.
class guest {
public:
  virtual ~guest() = default;

  /// Starts or resumes it. The host must outlive the guest.
  virtual progress run() noexcept = 0;

  /// The answer to the call that the guest waits for; ignored if it waits for
  /// none. run() resumes the guest.
  virtual void answer(call_result result) noexcept = 0;

  /// The reason why it is dead, with the guest's backtrace if there is one.
  virtual std::string fault() const = 0;

  /// The last known size of its linear memory, in bytes.
  virtual std::uint64_t memory() const {
    return 0;
  }

  /// Captures the state, with at most so many bytes of memory that differ from
  /// a new guest's. Only when run() has returned `idle`; run() returns
  /// `captured` next, perhaps after `working`. The guest can continue.
  virtual void capture(std::uint64_t max_bytes) noexcept {
    static_cast<void>(max_bytes);
  }

  /// What capture() has captured. Errors: ec::bad_module if the module has
  /// state that cannot be captured, ec::exhausted if it is too large.
  virtual caf::expected<guest_state> take_state() {
    return fail(ec::bad_module, "the state of this guest cannot be captured");
  }

  /// Before the first run(): the guest continues from this state of another
  /// guest of the same module; it runs no init hook. After an error it must not
  /// run. A sandboxed guest may fail in its first run() instead. Errors:
  /// ec::bad_input if the state does not fit the module, ec::exhausted.
  virtual caf::error restore(const guest_state& state) noexcept {
    static_cast<void>(state);
    return fail(ec::bad_module, "the state of this guest cannot be restored");
  }
};

/// The kind of process that a guest runs in.
enum class isolation : std::uint8_t {
  /// The process of the node, with other guests.
  shared,
  /// A child process of its own that can only compute (seccomp).
  process,
};

struct guest_limits {
  /// Linear memory, in bytes.
  std::uint64_t memory = 1024u << 20;
  /// Running time per event. The function instance enforces it in this process;
  /// the guest only returns when it is preempted.
  std::chrono::milliseconds deadline{10'000};
  /// The timeout of a call.
  std::chrono::milliseconds call_deadline{5'000};
  /// Whether guest_host::cast may return false.
  bool may_block = false;
};

/// A compiled module, shared by its instances.
class guest_class {
public:
  virtual ~guest_class() = default;

  /// Makes an instance that has not run yet. Its first event must be init.
  /// Errors: ec::bad_module, ec::exhausted, ec::system_failure.
  virtual caf::expected<std::unique_ptr<guest>>
  instantiate(guest_host& host, const guest_limits& limits) = 0;
};

using guest_class_ptr = std::shared_ptr<guest_class>;

/// Counters of an engine. Any number of threads.
struct engine_counts {
  using count = std::atomic<std::uint64_t>;

  count memory_hits{0}; ///< classes found in memory
  count disk_hits{0};   ///< classes loaded from the cache
  count misses{0};
  count compilations{0};
  count refusals{0};            ///< modules that could not be compiled
  count guests{0};              ///< now
  count processes{0};           ///< sandbox processes, now
  count sandboxes_lost{0};      ///< ended on their own
  count sandboxes_timed_out{0}; ///< killed at the deadline of an event
  /// Sandboxes killed because they broke the protocol.
  count sandbox_protocol_violations{0};
};

/// Makes classes from modules. Any number of threads.
class guest_engine {
public:
  virtual ~guest_engine() = default;

  /// The class of a module that has been compiled and is in memory; nullptr if
  /// there is none. Never blocks.
  virtual guest_class_ptr ready(const code_id& code) = 0;

  /// The same, or from the cache on disk, which may block. Does not compile.
  virtual guest_class_ptr find(const code_id& code) = 0;

  /// Compiles a module and stores the result for find(). Blocks up to
  /// limits::compile. A module that was refused is refused again immediately.
  /// Errors: ec::bad_module, ec::compile_failed, ec::exhausted,
  /// ec::system_failure.
  virtual caf::expected<guest_class_ptr>
  compile(const code_id& code, const std::string& module) = 0;

  /// The engine for guests with `isolation = "process"`. The two engines
  /// compile differently and do not find each other's classes.
  virtual guest_engine& sandboxed() {
    return *this;
  }

  /// nullptr if the engine has no counters.
  virtual const engine_counts* counts() const {
    return nullptr;
  }

  /// The linear memory of all guests, in bytes.
  virtual std::uint64_t memory() const {
    return 0;
  }

  /// The limit of memory(), in bytes; zero if there is none.
  virtual std::uint64_t memory_total() const {
    return 0;
  }
};

} // namespace edgeless
