// SPDX-License-Identifier: MIT
#pragma once

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

/// The door to functions: behind it is WebAssembly, or in tests a script.
/// A guest is a coroutine: it runs until it has nothing more to handle, is
/// preempted, or waits for the answer to a call. No thread belongs to it.
namespace edgeless {

enum class hook : std::uint8_t { init, cast, call, stop };

/// What a guest handles next.
struct guest_event {
  hook kind = hook::cast;
  instance_id source;
  /// For init: the init payload.
  std::string payload;
  /// For init: the state synced by a predecessor.
  std::string state;
};

/// The answer to a call, in either direction.
struct call_result {
  event_kind kind = event_kind::no_reply; ///< reply, no_reply or error
  std::string payload;                    ///< of a reply
};

/// What a guest asks of its node. No member throws: a guest's frames lie
/// between the caller and whoever would catch.
class guest_host {
public:
  virtual ~guest_host() = default;

  /// The next event, which the guest handles now; nullptr if there is none.
  /// What it points to stays in place until the next call of next().
  virtual const guest_event* next() noexcept = 0;

  /// The call that next() gave has been answered by the guest.
  virtual void done(call_result result) noexcept = 0;

  /// A cast to an output channel, or to "self". False: there is no room, and
  /// that channel's policy is to wait for it: the guest is `blocked`, and casts
  /// the same once more when it runs again.
  virtual bool cast(std::string_view channel,
                    std::string_view payload) noexcept = 0;
  virtual void cast(const instance_id& target,
                    std::string_view payload) noexcept = 0;

  /// A call. Nothing: it is on its way, and the guest must wait until
  /// guest::answer(). A result: it has failed already, or a reason to trap.
  virtual std::optional<caf::expected<call_result>>
  call(std::string_view channel, std::string_view payload) noexcept = 0;
  virtual std::optional<caf::expected<call_result>>
  call(const instance_id& target, std::string_view payload) noexcept = 0;

  /// A cast to be sent in `delay`. An error is a reason to trap.
  virtual caf::error delayed_cast(std::chrono::milliseconds delay,
                                  std::string_view channel,
                                  std::string_view payload) noexcept = 0;

  /// Levels: 1 error, 2 warning, 3 info, 4 debug, 5 trace.
  virtual void log(std::uint32_t level, std::string_view target,
                   std::string_view text) noexcept = 0;

  virtual instance_id self() const noexcept = 0;

  /// Keeps a state for the next start. An error is a reason to trap.
  virtual caf::error sync(std::string_view state) noexcept = 0;

  /// The event in hand has had a processor for so long, in another process.
  /// Before the next(); never told of a guest that runs in this process.
  virtual void spent(std::chrono::nanoseconds) noexcept {
    // nop
  }

  /// A guest that is `working` has something to say, or has ended: run(). From
  /// any thread, but never after the guest is gone.
  virtual void wake() noexcept {
    // nop
  }
};

/// Where a guest stands after it ran.
enum class progress : std::uint8_t {
  /// next() gave nothing: run() again when there is something.
  idle,
  /// Its time slice is over: run() again when others had their turn.
  preempted,
  /// It waits for an answer: answer(), then run().
  waiting,
  /// It waits for room for a cast: run() when there may be some.
  blocked,
  /// It computes in another process: run() after guest_host::wake(). Earlier is
  /// of no use, and does no harm.
  working,
  /// It trapped or broke a limit: see fault(). Only destruction is left.
  dead,
};

/// One instance of a module. May hop between threads, is never entered twice.
/// Its destructor ends it at any point, in whatever state it is.
class guest {
public:
  virtual ~guest() = default;

  /// Runs or goes on. The host must outlive the guest.
  virtual progress run() noexcept = 0;

  /// The answer to the call that the guest waits for; it goes on with run().
  virtual void answer(call_result result) noexcept = 0;

  /// Why it is dead, with the guest's own backtrace if there is one.
  virtual std::string fault() const = 0;

  /// Its linear memory, in bytes, when it last said so.
  virtual std::uint64_t memory() const {
    return 0;
  }
};

/// Where a guest runs.
enum class isolation : std::uint8_t {
  /// With others in the process of the node, in turn.
  shared,
  /// Alone, in a child process that may do nothing but compute.
  process,
};

struct guest_limits {
  /// Linear memory, in bytes.
  std::uint64_t memory = 1024u << 20;
  /// Running time per event. The embedder enforces it: a guest only notices
  /// that it is preempted.
  std::chrono::milliseconds deadline{10'000};
  /// How long a call may take.
  std::chrono::milliseconds call_deadline{5'000};
  /// A cast may find no room: see guest_host::cast.
  bool may_block = false;
};

/// A compiled module, shared by its instances.
class guest_class {
public:
  virtual ~guest_class() = default;

  /// An instance that has not run yet: its first event has to be init.
  virtual caf::expected<std::unique_ptr<guest>>
  instantiate(guest_host& host, const guest_limits& limits) = 0;
};

using guest_class_ptr = std::shared_ptr<guest_class>;

/// What an engine has done, and how many guests it has now. Any number of
/// threads.
struct engine_counts {
  using count = std::atomic<std::uint64_t>;

  count memory_hits{0}; ///< classes found ready
  count disk_hits{0};   ///< classes loaded from the cache
  count misses{0};
  count compilations{0};
  count refusals{0}; ///< modules that could not be compiled
  count guests{0};
  count processes{0};           ///< of guests, now
  count sandboxes_lost{0};      ///< that ended although nobody wanted it
  count sandboxes_timed_out{0}; ///< killed at the deadline of an event
  count sandbox_protocol_violations{
    0}; ///< killed because they said what no guest says
};

/// Makes classes from modules.
class guest_engine {
public:
  virtual ~guest_engine() = default;

  /// The class of a module, if its compiled form is at hand: in memory, or on
  /// disk from an earlier life. Quick; nullptr if not.
  virtual guest_class_ptr find(const code_id& code) = 0;

  /// Compiles, and keeps the result for find(). Blocks, up to
  /// limits::compile. A module that was refused is refused again at once.
  virtual caf::expected<guest_class_ptr>
  compile(const code_id& code, const std::string& module) = 0;

  /// The same for guests with `isolation = "process"`. Its classes are others:
  /// what one of the two has compiled, the other does not find.
  virtual guest_engine& apart() {
    return *this;
  }

  /// nullptr: nothing is counted.
  virtual const engine_counts* counts() const {
    return nullptr;
  }

  /// The linear memory of all guests, in bytes; and what they may have
  /// together, zero if there is no bound.
  virtual std::uint64_t memory() const {
    return 0;
  }
  virtual std::uint64_t memory_total() const {
    return 0;
  }
};

} // namespace edgeless
