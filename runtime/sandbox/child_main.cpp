// SPDX-License-Identifier: MIT
#include "runtime/sandbox/child_main.hpp"

#include "runtime/modules/compile_process.hpp"
#include "runtime/sandbox/child_channel.hpp"
#include "runtime/sandbox/privileges.hpp"
#include "runtime/sandbox/seccomp_filter.hpp"
#include "runtime/sandbox/state_transfer.hpp"
#include "runtime/wasm/engine_core.hpp"

#include "messages/errors.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

namespace edgeless {

namespace {

// Descriptors from the supervisor.
constexpr int channel_descriptor = 3;
constexpr int wakeup_descriptor = 4;
constexpr const char* module_file = "/proc/self/fd/5";
constexpr int module_descriptor = 5;

/// CPU time of this thread in nanoseconds.
std::uint64_t cpu_time() {
  timespec x{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &x);
  return static_cast<std::uint64_t>(x.tv_sec) * 1'000'000'000u
         + static_cast<std::uint64_t>(x.tv_nsec);
}

std::string_view truncate(std::string_view text, std::size_t size) {
  return text.substr(0, size);
}

/// Forwards the requests of the guest to its node.
class remote_host final : public guest_host {
public:
  remote_host(child_channel& channel, const instance_id& self)
    : channel_{channel}, self_{self} {
    // nop
  }

  /// Must be called before the guest runs.
  void set_guest(const guest& x) {
    guest_ = &x;
  }

  /// How many bytes of its state the node wants; run() has returned idle.
  std::uint64_t capture_max() const {
    return capture_max_;
  }

  const guest_event* next() noexcept override {
    auto now = cpu_time();
    if (!std::exchange(is_capturing_, false))
      channel_.send(guest_frame::next,
                    {.numbers = {now - started_, guest_->memory()}});
    auto frame = channel_.receive();
    started_ = cpu_time();
    if (frame.kind == guest_frame::capture) {
      is_capturing_ = true;
      capture_max_ = frame.body.numbers[0];
      return nullptr;
    }
    auto size = frame.body.numbers[1];
    current_.kind = static_cast<hook>(frame.body.numbers[0]);
    current_.source = frame.body.id;
    current_.payload = frame.body.rest.substr(0, size);
    current_.state = frame.body.rest.substr(size);
    return &current_;
  }

  void done(call_result result) noexcept override {
    auto kind = result.kind == event_kind::reply      ? 1u
                : result.kind == event_kind::no_reply ? 0u
                                                      : 2u;
    channel_.send(guest_frame::done, {.numbers = {kind}}, result.payload);
  }

  bool cast(std::string_view channel,
            std::string_view payload) noexcept override {
    channel_.send(guest_frame::cast, {.name = channel}, bounded(payload));
    return true;
  }

  void cast(const instance_id& target,
            std::string_view payload) noexcept override {
    channel_.send(guest_frame::cast_to, {.id = target}, bounded(payload));
  }

  std::optional<caf::expected<call_result>>
  call(std::string_view channel, std::string_view payload) noexcept override {
    channel_.send(guest_frame::call, {.name = channel}, bounded(payload));
    return receive_answer();
  }

  std::optional<caf::expected<call_result>>
  call(const instance_id& target, std::string_view payload) noexcept override {
    channel_.send(guest_frame::call_to, {.id = target}, bounded(payload));
    return receive_answer();
  }

  caf::error delayed_cast(std::chrono::milliseconds delay,
                          std::string_view channel,
                          std::string_view payload) noexcept override {
    channel_.send(
      guest_frame::delayed_cast,
      {.numbers = {static_cast<std::uint64_t>(delay.count())}, .name = channel},
      bounded(payload));
    return receive_permission();
  }

  bool sleep(std::chrono::nanoseconds time) noexcept override {
    channel_.send(guest_frame::sleep,
                  {.numbers = {static_cast<std::uint64_t>(time.count())}});
    static_cast<void>(receive_answer());
    return false;
  }

  void log(std::uint32_t level, std::string_view target,
           std::string_view text) noexcept override {
    channel_.send(guest_frame::log,
                  {.numbers = {level}, .name = truncate(target, limits::text)},
                  truncate(text, limits::log_text));
  }

  instance_id self() const noexcept override {
    return self_;
  }

  caf::error sync(std::string_view state) noexcept override {
    channel_.send(guest_frame::sync, {}, truncate(state, limits::state + 1));
    return receive_permission();
  }

private:
  /// A payload that exceeds the limit by one byte is refused like a larger one.
  static std::string_view bounded(std::string_view payload) {
    return truncate(payload, limits::payload + 1);
  }

  caf::expected<call_result> receive_answer() {
    auto frame = channel_.receive();
    call_result result;
    switch (static_cast<guest_verdict>(frame.body.numbers[0])) {
    case guest_verdict::reply:
      result = {event_kind::reply, std::string{frame.body.rest}};
      break;
    case guest_verdict::trap:
      return caf::make_error(ec::guest_fault, std::string{frame.body.rest});
    case guest_verdict::error:
      result.kind = event_kind::error;
      break;
    default:
      break;
    }
    return result;
  }

  caf::error receive_permission() {
    auto result = receive_answer();
    return result ? caf::error{} : result.error();
  }

  child_channel& channel_;
  instance_id self_;
  const guest* guest_ = nullptr;
  guest_event current_;
  std::uint64_t started_ = cpu_time();
  bool is_capturing_ = false; ///< the node knows that the guest is idle
  std::uint64_t capture_max_ = 0;
};

/// No core dump, no files; `memory_bytes` for the guest plus the runtime.
void limit_sandbox(std::uint64_t memory_bytes) {
  auto limit = [](int what, rlim_t most) {
    rlimit value{most, most};
    setrlimit(what, &value);
  };
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // Counts private writable memory; reserved addresses do not count.
  limit(RLIMIT_DATA, memory_bytes + limits::guest_process_memory);
#else
  static_cast<void>(memory_bytes);
#endif
}

/// Reports a fault and exits. _exit, since the seccomp filter forbids what
/// destructors would do.
[[noreturn]] void exit_with_fault(child_channel& channel,
                                  std::string_view reason) {
  channel.send(guest_frame::fault, {}, truncate(reason, limits::text));
  _exit(0);
}

/// Continues from the state that the node sends, if it has one.
caf::error restore_guest(child_channel& channel, guest& x) {
  if (channel.receive().body.numbers[0] == 0)
    return {};
  state_receiver state{limits::sandbox_snapshot};
  while (!state.is_complete()) {
    auto frame = channel.receive();
    if (!state.take(frame.kind, frame.body))
      return fail(ec::bad_input, "its state cannot be read");
  }
  auto result = state.take_result();
  return result ? x.restore(*result) : result.error();
}

/// Runs the guest until it is dead, and reports the reason.
[[noreturn]] void run_guest(child_channel& channel) {
  auto hello = channel.receive();
  guest_limits limits;
  limits.memory = hello.body.numbers[0];
  remote_host host{channel, hello.body.id};
  limit_sandbox(limits.memory);
  auto core = engine_core::make(checks::none, {}, 0);
  if (!core)
    exit_with_fault(channel, explain(core.error()));
  auto loaded = load_class_file(*core, module_file);
  if (!loaded)
    exit_with_fault(channel, explain(loaded.error()));
  auto guest = (*loaded)->instantiate(host, limits);
  if (!guest)
    exit_with_fault(channel, explain(guest.error()));
  host.set_guest(**guest);
  for (auto x : {0, 1, 2, channel_descriptor, module_descriptor})
    close(x);
  if (!confine_to_computing(wakeup_descriptor, (*core)->pages.descriptor()))
    exit_with_fault(
      channel,
      "its process cannot be confined: the system does not support seccomp");
  channel.send(guest_frame::ready, {});
  if (auto error = restore_guest(channel, **guest))
    exit_with_fault(channel, explain(error));
  while ((*guest)->run() == progress::idle) {
    (*guest)->capture(host.capture_max());
    (*guest)->run();
    send_state(channel, (*guest)->take_state());
  }
  exit_with_fault(channel, (*guest)->fault());
}

} // namespace

std::optional<int> run_as_guest_child(int argc, char** argv) {
  if (argc < 2 || std::string_view{argv[1]} != "--run-guest")
    return std::nullopt;
  prefer_for_oom_kill();
  if (!drop_privileges())
    return 2;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before prctl().
  if (argc != 3 || std::to_string(getppid()) != argv[2])
    return 2;
  auto* at = mmap(nullptr, sizeof(guest_channel), PROT_READ | PROT_WRITE,
                  MAP_SHARED, channel_descriptor, 0);
  if (at == MAP_FAILED)
    return 2;
  child_channel channel{*static_cast<guest_channel*>(at), wakeup_descriptor};
  run_guest(channel);
}

std::optional<int> run_as_child(int argc, char** argv) {
  if (auto code = run_as_compile_child(argc, argv))
    return code;
  return run_as_guest_child(argc, argv);
}

} // namespace edgeless
