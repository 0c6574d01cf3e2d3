// SPDX-License-Identifier: MIT
#include "runtime/sandbox/child_main.hpp"

#include "runtime/modules/compile_process.hpp"
#include "runtime/sandbox/child_channel.hpp"
#include "runtime/sandbox/seccomp_filter.hpp"
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

// What the keeper gives.
constexpr int channel_descriptor = 3;
constexpr int bell_descriptor = 4;
constexpr const char* module_file = "/proc/self/fd/5";
constexpr int module_descriptor = 5;

std::uint64_t processor_time() {
  timespec x{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &x);
  return static_cast<std::uint64_t>(x.tv_sec) * 1'000'000'000u
         + static_cast<std::uint64_t>(x.tv_nsec);
}

std::string_view at_most(std::string_view text, std::size_t size) {
  return text.substr(0, size);
}

/// The host of the guest is its node; here is only the line to it.
class distant_host final : public guest_host {
public:
  distant_host(child_channel& line, const instance_id& self)
    : line_{line}, self_{self} {
    // nop
  }

  /// Known to it before it runs.
  void register_peer(const guest& who) {
    who_ = &who;
  }

  const guest_event* next() noexcept override {
    auto now = processor_time();
    line_.say(guest_frame::next, {.numbers = {now - since_, who_->memory()}});
    auto frame = line_.listen();
    since_ = processor_time();
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
    line_.say(guest_frame::done, {.numbers = {kind}}, result.payload);
  }

  bool cast(std::string_view channel,
            std::string_view payload) noexcept override {
    line_.say(guest_frame::cast, {.name = channel}, bounded(payload));
    return true;
  }

  void cast(const instance_id& target,
            std::string_view payload) noexcept override {
    line_.say(guest_frame::cast_to, {.id = target}, bounded(payload));
  }

  std::optional<caf::expected<call_result>>
  call(std::string_view channel, std::string_view payload) noexcept override {
    line_.say(guest_frame::call, {.name = channel}, bounded(payload));
    return answer();
  }

  std::optional<caf::expected<call_result>>
  call(const instance_id& target, std::string_view payload) noexcept override {
    line_.say(guest_frame::call_to, {.id = target}, bounded(payload));
    return answer();
  }

  caf::error delayed_cast(std::chrono::milliseconds delay,
                          std::string_view channel,
                          std::string_view payload) noexcept override {
    line_.say(
      guest_frame::delayed_cast,
      {.numbers = {static_cast<std::uint64_t>(delay.count())}, .name = channel},
      bounded(payload));
    return permission();
  }

  void log(std::uint32_t level, std::string_view target,
           std::string_view text) noexcept override {
    line_.say(guest_frame::log,
              {.numbers = {level}, .name = at_most(target, limits::text)},
              at_most(text, limits::log_text));
  }

  instance_id self() const noexcept override {
    return self_;
  }

  caf::error sync(std::string_view state) noexcept override {
    line_.say(guest_frame::sync, {}, at_most(state, limits::state + 1));
    return permission();
  }

private:
  /// One byte too many is as much too large as all of them.
  static std::string_view bounded(std::string_view payload) {
    return at_most(payload, limits::payload + 1);
  }

  caf::expected<call_result> answer() {
    auto frame = line_.listen();
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

  caf::error permission() {
    auto result = answer();
    return result ? caf::error{} : result.error();
  }

  child_channel& line_;
  instance_id self_;
  const guest* who_ = nullptr;
  guest_event current_;
  std::uint64_t since_ = processor_time();
};

/// Nobody is left behind when the node dies, and nothing is left of it that
/// others could read.
void confine(std::uint64_t memory) {
  auto limit = [](int what, rlim_t most) {
    rlimit value{most, most};
    setrlimit(what, &value);
  };
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // What it can write to: addresses it reserves do not count.
  limit(RLIMIT_DATA, memory + limits::guest_process_memory);
#else
  static_cast<void>(memory);
#endif
}

/// There is nothing to put in order, and no system call to do it with.
[[noreturn]] void leave(child_channel& line, std::string_view why) {
  line.say(guest_frame::fault, {}, at_most(why, limits::text));
  _exit(0);
}

/// Runs the guest until it is dead, or says why not.
[[noreturn]] void serve(child_channel& line) {
  auto hello = line.listen();
  guest_limits most;
  most.memory = hello.body.numbers[0];
  distant_host host{line, hello.body.id};
  confine(most.memory);
  auto core = engine_core::make(checks::none, {}, 0);
  if (!core)
    leave(line, explain(core.error()));
  auto code = load_class_file(*core, module_file);
  if (!code)
    leave(line, explain(code.error()));
  auto guest = (*code)->instantiate(host, most);
  if (!guest)
    leave(line, explain(guest.error()));
  host.register_peer(**guest);
  for (auto x : {0, 1, 2, channel_descriptor, module_descriptor})
    close(x);
  if (!confine_to_computing(bell_descriptor))
    leave(line, "its process cannot be confined: this system has no seccomp");
  (*guest)->run();
  leave(line, (*guest)->fault());
}

} // namespace

std::optional<int> run_as_guest_child(int argc, char** argv) {
  if (argc < 2 || std::string_view{argv[1]} != "--run-guest")
    return std::nullopt;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // It may have died before.
  if (argc != 3 || std::to_string(getppid()) != argv[2])
    return 2;
  auto* at = mmap(nullptr, sizeof(guest_channel), PROT_READ | PROT_WRITE,
                  MAP_SHARED, channel_descriptor, 0);
  if (at == MAP_FAILED)
    return 2;
  child_channel line{*static_cast<guest_channel*>(at), bell_descriptor};
  serve(line);
}

std::optional<int> run_as_child(int argc, char** argv) {
  if (auto code = run_as_compile_child(argc, argv))
    return code;
  return run_as_guest_child(argc, argv);
}

} // namespace edgeless
