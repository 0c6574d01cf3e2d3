// SPDX-License-Identifier: MIT
#include "runtime/sandbox/supervisor.hpp"

#include "runtime/base/fd.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <limits>

// Debian 12's header does not say that it is C.
extern "C" {
#include <sys/pidfd.h>
}

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

constexpr auto never = std::numeric_limits<std::int64_t>::max();
/// Key in epoll of the thread's own eventfd. Other keys are twice the number of
/// a process for its eventfd, plus one for its pidfd.
constexpr std::uint64_t wakeup_key = 0;

std::int64_t count(clock::time_point x) {
  return x.time_since_epoch().count();
}

void write_eventfd(const file_descriptor& wakeup) {
  std::uint64_t one = 1;
  while (write(wakeup.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

void drain_eventfd(const file_descriptor& wakeup) {
  std::uint64_t ignored;
  while (read(wakeup.get(), &ignored, sizeof(ignored)) < 0 && errno == EINTR) {
  }
}

std::string describe(const siginfo_t& x) {
  if (x.si_code == CLD_EXITED)
    return "ended with code " + std::to_string(x.si_status);
  auto result = "was killed by signal " + std::to_string(x.si_status);
  if (x.si_status == SIGSYS)
    result += ": a forbidden system call";
  return result;
}

} // namespace

// -- one process --------------------------------------------------------------

guest_process::~guest_process() {
  if (channel_)
    munmap(channel_, sizeof(guest_channel));
}

std::optional<std::string> guest_process::ending() const {
  if (!has_ended_.load())
    return std::nullopt;
  std::lock_guard guard{mutex_};
  return ending_;
}

void guest_process::notify() {
  std::lock_guard guard{mutex_};
  if (!is_notified_.exchange(true) && host_)
    host_->wake();
}

void guest_process::kill_now() {
  std::lock_guard guard{mutex_};
  is_terminated_ = true;
  if (handle_)
    pidfd_send_signal(handle_.get(), SIGKILL, nullptr, 0);
}

// -- all of them --------------------------------------------------------------

sandbox_supervisor::sandbox_supervisor(std::string program,
                                       std::shared_ptr<engine_counts> counts)
  : program_{std::move(program)}, counts_{std::move(counts)},
    poll_{epoll_create1(EPOLL_CLOEXEC)}, wakeup_{eventfd(0, EFD_CLOEXEC
                                                              | EFD_NONBLOCK)},
    earliest_due_ticks_{never} {
  epoll_event wanted{EPOLLIN, {.u64 = wakeup_key}};
  epoll_ctl(poll_.get(), EPOLL_CTL_ADD, wakeup_.get(), &wanted);
  thread_ = std::thread{[this] {
    run();
  }};
}

sandbox_supervisor::~sandbox_supervisor() {
  {
    std::lock_guard guard{mutex_};
    is_stopping_ = true;
    for (auto& [number, x] : processes_)
      x->kill_now();
  }
  wake();
  thread_.join();
}

void sandbox_supervisor::wake() {
  write_eventfd(wakeup_);
}

caf::expected<guest_process_ptr> sandbox_supervisor::start(shared_module module,
                                                           guest_host& host) {
  auto problem = [] {
    return fail(ec::system_failure, "cannot create a sandbox: "
                                      + std::string{std::strerror(errno)});
  };
  guest_process_ptr x{new guest_process};
  x->memory_ = lifted(memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  x->wakeup_ = lifted(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (x->wakeup_ && is_reserved(x->wakeup_.get()))
    return fail(ec::exhausted,
                std::string{"cannot create a sandbox: "} + why_reserved);
  x->module_ = std::move(module);
  x->host_ = &host;
  // Sealed: a process that shrinks the file would make the node crash (SIGBUS).
  if (!poll_ || !wakeup_ || !x->memory_ || !x->wakeup_
      || ftruncate(x->memory_.get(), sizeof(guest_channel)) != 0
      || fcntl(x->memory_.get(), F_ADD_SEALS,
               F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
           != 0)
    return problem();
  auto* at = mmap(nullptr, sizeof(guest_channel), PROT_READ | PROT_WRITE,
                  MAP_SHARED, x->memory_.get(), 0);
  if (at == MAP_FAILED)
    return problem();
  x->channel_ = static_cast<guest_channel*>(at);
  {
    std::lock_guard guard{mutex_};
    if (processes_.size() >= limits::guest_processes)
      return fail(ec::exhausted, "the node runs "
                                   + std::to_string(limits::guest_processes)
                                   + " sandbox processes, which is the limit");
    x->number_ = ++numbers_;
    epoll_event disarmed{0, {.u64 = 2 * x->number_}};
    if (epoll_ctl(poll_.get(), EPOLL_CTL_ADD, x->wakeup_.get(), &disarmed) != 0)
      return problem();
    processes_.emplace(x->number_, x);
    starting_.push(x->module_.get(), x);
    ++counts_->processes;
  }
  wake();
  return x;
}

void sandbox_supervisor::sleep(guest_process& x, time_point due) {
  x.due_ticks_ = count(due);
  x.is_notified_.store(false);
  // One-shot: a process that keeps writing its eventfd costs one wakeup.
  epoll_event wanted{EPOLLIN | EPOLLONESHOT, {.u64 = 2 * x.number_}};
  drain_eventfd(x.wakeup_);
  epoll_ctl(poll_.get(), EPOLL_CTL_MOD, x.wakeup_.get(), &wanted);
  if (lower_earliest_due(count(due)))
    wake();
}

/// False if the thread already wakes up at that time or before.
bool sandbox_supervisor::lower_earliest_due(std::int64_t ticks) {
  auto known = earliest_due_ticks_.load();
  while (ticks < known)
    if (earliest_due_ticks_.compare_exchange_weak(known, ticks))
      return true;
  return false;
}

void sandbox_supervisor::cancel_sleep(guest_process& x) {
  x.due_ticks_ = 0;
}

void sandbox_supervisor::terminate(guest_process& x) {
  {
    std::lock_guard guard{x.mutex_};
    x.host_ = nullptr;
  }
  x.due_ticks_ = 0;
  x.kill_now();
}

// -- the thread ---------------------------------------------------------------

void sandbox_supervisor::run() {
  for (;;) {
    {
      std::lock_guard guard{mutex_};
      if (is_stopping_ && processes_.empty())
        return;
    }
    auto left = earliest_due_ticks_.load() - count(clock::now());
    auto wait = std::chrono::ceil<std::chrono::milliseconds>(
      clock::duration{std::clamp<std::int64_t>(left, 0, 3'600'000'000'000)});
    epoll_event events[64];
    auto n
      = epoll_wait(poll_.get(), events, 64, static_cast<int>(wait.count()));
    for (int i = 0; i < n; ++i)
      dispatch(events[i].data.u64);
    if (count(clock::now()) >= earliest_due_ticks_.load())
      kill_overdue();
  }
}

void sandbox_supervisor::dispatch(std::uint64_t key) {
  if (key == wakeup_key) {
    drain_eventfd(wakeup_);
    start_next();
    return;
  }
  guest_process_ptr x;
  {
    std::lock_guard guard{mutex_};
    auto found = processes_.find(key / 2);
    if (found == processes_.end())
      return;
    x = found->second;
  }
  if (key % 2)
    reap(x);
  else
    x->notify();
}

/// One process at a time: what running ones want comes in between.
void sandbox_supervisor::start_next() {
  std::optional<guest_process_ptr> x;
  {
    std::lock_guard guard{mutex_};
    x = starting_.pop();
    if (!starting_.empty())
      wake();
  }
  if (!x)
    return;
  if (auto failure = spawn(**x))
    end(*x, *failure);
}

/// Spawns the process and sets its handle. Returns the reason of a failure.
std::optional<std::string> sandbox_supervisor::spawn(guest_process& x) {
  // The process inherits the module; the node's reference is dropped.
  auto module = std::move(x.module_);
  std::lock_guard guard{x.mutex_};
  assert(!x.handle_ && module);
  if (x.is_terminated_)
    return "was not started";
  auto status = edgeless::spawn(
    {program_,
     {"guest", "--run-guest", std::to_string(getpid())},
     {},
     {},
     {{x.memory_.get(), 3}, {x.wakeup_.get(), 4}, {module->get(), 5}}},
    x.pid_);
  // The mapping stays.
  x.memory_.close();
  if (status == 0)
    x.handle_ = file_descriptor{pidfd_open(x.pid_, 0)};
  if (!x.handle_) {
    auto reason = std::strerror(status ? status : errno);
    if (status == 0) {
      kill(x.pid_, SIGKILL);
      waitpid(x.pid_, nullptr, 0);
    }
    return "cannot be started: " + std::string{reason};
  }
  epoll_event wanted{EPOLLIN | EPOLLONESHOT, {.u64 = 2 * x.number_ + 1}};
  epoll_ctl(poll_.get(), EPOLL_CTL_ADD, x.handle_.get(), &wanted);
  return std::nullopt;
}

void sandbox_supervisor::reap(const guest_process_ptr& x) {
  siginfo_t info{};
  auto found
    = waitid(P_PIDFD, static_cast<id_t>(x->handle_.get()), &info, WEXITED);
  end(x, found == 0 ? describe(info) : "is gone");
}

void sandbox_supervisor::end(const guest_process_ptr& x, std::string ending) {
  {
    std::lock_guard guard{mutex_};
    [[maybe_unused]] auto erased = processes_.erase(x->number_);
    assert(erased == 1);
  }
  assert(counts_->processes > 0);
  --counts_->processes;
  {
    std::lock_guard guard{x->mutex_};
    if (x->handle_)
      epoll_ctl(poll_.get(), EPOLL_CTL_DEL, x->handle_.get(), nullptr);
    epoll_ctl(poll_.get(), EPOLL_CTL_DEL, x->wakeup_.get(), nullptr);
    x->handle_.close();
    x->ending_ = std::move(ending);
    if (!x->is_terminated_)
      ++counts_->sandboxes_lost;
  }
  x->has_ended_.store(true);
  // Unconditionally: no other event will wake the host.
  x->is_notified_.store(false);
  x->notify();
}

void sandbox_supervisor::kill_overdue() {
  earliest_due_ticks_ = never;
  std::vector<guest_process_ptr> all;
  {
    std::lock_guard guard{mutex_};
    for (auto& [number, x] : processes_)
      all.push_back(x);
  }
  auto now = count(clock::now());
  auto next = never;
  for (auto& x : all) {
    auto due = x->due_ticks_.load();
    if (due == 0 || x->is_notified())
      continue;
    if (due > now) {
      next = std::min(next, due);
      continue;
    }
    x->due_ticks_ = 0;
    x->is_overdue_.store(true);
    ++counts_->sandboxes_timed_out;
    x->kill_now();
    x->notify();
  }
  lower_earliest_due(next);
}

} // namespace edgeless
