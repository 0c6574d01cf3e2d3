// SPDX-License-Identifier: MIT
#include "runtime/sandbox/supervisor.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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
/// What epoll tells: twice the number of a process, plus one for its end.
constexpr std::uint64_t door_key = 0;

std::int64_t count(clock::time_point x) {
  return x.time_since_epoch().count();
}

void ring(const file_descriptor& wakeup) {
  std::uint64_t one = 1;
  while (write(wakeup.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

void silence(const file_descriptor& wakeup) {
  std::uint64_t ignored;
  while (read(wakeup.get(), &ignored, sizeof(ignored)) < 0 && errno == EINTR) {
  }
}

std::string in_words(const siginfo_t& x) {
  if (x.si_code == CLD_EXITED)
    return "ended with code " + std::to_string(x.si_status);
  auto result = "was killed by signal " + std::to_string(x.si_status);
  if (x.si_status == SIGSYS)
    result += ": it asked the system for what no guest may";
  return result;
}

} // namespace

// -- one process --------------------------------------------------------------

guest_process::~guest_process() {
  if (channel_)
    munmap(channel_, sizeof(guest_channel));
}

std::optional<std::string> guest_process::ending() const {
  if (!ended_.load())
    return std::nullopt;
  std::lock_guard guard{mutex_};
  return ending_;
}

void guest_process::notify() {
  std::lock_guard guard{mutex_};
  if (!notified_.exchange(true) && host_)
    host_->wake();
}

void guest_process::kill_now() {
  std::lock_guard guard{mutex_};
  dismissed_ = true;
  if (handle_)
    pidfd_send_signal(handle_.get(), SIGKILL, nullptr, 0);
}

// -- all of them --------------------------------------------------------------

sandbox_supervisor::sandbox_supervisor(std::string program,
                                       std::shared_ptr<engine_counts> counts)
  : program_{std::move(program)}, counts_{std::move(counts)},
    poll_{epoll_create1(EPOLL_CLOEXEC)},
    acceptor_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}, earliest_{never} {
  epoll_event wanted{EPOLLIN, {.u64 = door_key}};
  epoll_ctl(poll_.get(), EPOLL_CTL_ADD, acceptor_.get(), &wanted);
  thread_ = std::thread{[this] {
    run();
  }};
}

sandbox_supervisor::~sandbox_supervisor() {
  {
    std::lock_guard guard{mutex_};
    stopping_ = true;
    for (auto& [number, x] : processes_)
      x->kill_now();
  }
  wake();
  thread_.join();
}

void sandbox_supervisor::wake() {
  ring(acceptor_);
}

caf::expected<guest_process_ptr> sandbox_supervisor::start(shared_module module,
                                                           guest_host& host) {
  auto problem = [] {
    return fail(ec::system_failure, "no room for the process of a function: "
                                      + std::string{std::strerror(errno)});
  };
  guest_process_ptr x{new guest_process};
  x->memory_ = lifted(memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  x->wakeup_ = lifted(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  x->module_ = std::move(module);
  x->host_ = &host;
  // Who could shrink it could make us read what is not there.
  if (!poll_ || !acceptor_ || !x->memory_ || !x->wakeup_
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
      return fail(ec::exhausted,
                  "this node runs " + std::to_string(limits::guest_processes)
                    + " functions in processes of their own already");
    x->number_ = ++numbers_;
    epoll_event nothing{0, {.u64 = 2 * x->number_}};
    if (epoll_ctl(poll_.get(), EPOLL_CTL_ADD, x->wakeup_.get(), &nothing) != 0)
      return problem();
    processes_.emplace(x->number_, x);
    starting_.push_back(x);
    ++counts_->processes;
  }
  wake();
  return x;
}

void sandbox_supervisor::sleep(guest_process& x, time_point due) {
  x.due_ = count(due);
  x.notified_.store(false);
  // One ring, one waking: who rings all the time is not heard.
  epoll_event wanted{EPOLLIN | EPOLLONESHOT, {.u64 = 2 * x.number_}};
  silence(x.wakeup_);
  epoll_ctl(poll_.get(), EPOLL_CTL_MOD, x.wakeup_.get(), &wanted);
  auto known = earliest_.load();
  while (count(due) < known)
    if (earliest_.compare_exchange_weak(known, count(due))) {
      wake();
      break;
    }
}

void sandbox_supervisor::awake(guest_process& x) {
  x.due_ = 0;
}

void sandbox_supervisor::dismiss(guest_process& x) {
  {
    std::lock_guard guard{x.mutex_};
    x.host_ = nullptr;
  }
  x.due_ = 0;
  x.kill_now();
}

// -- the thread ---------------------------------------------------------------

void sandbox_supervisor::run() {
  for (;;) {
    {
      std::lock_guard guard{mutex_};
      if (stopping_ && processes_.empty())
        return;
    }
    auto left = earliest_.load() - count(clock::now());
    auto wait = std::chrono::ceil<std::chrono::milliseconds>(
      clock::duration{std::clamp<std::int64_t>(left, 0, 3'600'000'000'000)});
    epoll_event events[64];
    auto n
      = epoll_wait(poll_.get(), events, 64, static_cast<int>(wait.count()));
    for (int i = 0; i < n; ++i)
      hear(events[i].data.u64);
    if (count(clock::now()) >= earliest_.load())
      watch_deadlines();
  }
}

void sandbox_supervisor::hear(std::uint64_t key) {
  if (key == door_key) {
    silence(acceptor_);
    serve_starts();
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

void sandbox_supervisor::serve_starts() {
  std::vector<guest_process_ptr> wanted;
  {
    std::lock_guard guard{mutex_};
    wanted.swap(starting_);
  }
  for (auto& x : wanted) {
    launch(*x);
    std::unique_lock lock{x->mutex_};
    if (x->handle_)
      continue;
    auto why = x->ending_;
    lock.unlock();
    end(x, why);
  }
}

/// Gives it a handle, or an ending.
void sandbox_supervisor::launch(guest_process& x) {
  // Once for all that start it: the module is not needed here anymore.
  auto module = std::move(x.module_);
  std::lock_guard guard{x.mutex_};
  if (x.dismissed_)
    return;
  child_plan plan{
    program_,
    {"guest", "--run-guest", std::to_string(getpid())},
    {{x.memory_.get(), 3}, {x.wakeup_.get(), 4}, {module->get(), 5}}};
  auto status = spawn_child(plan, x.pid_);
  // What is mapped stays.
  x.memory_.close();
  if (status == 0)
    x.handle_ = file_descriptor{pidfd_open(x.pid_, 0)};
  if (!x.handle_) {
    x.ending_ = "cannot be started: "
                + std::string{std::strerror(status ? status : errno)};
    if (status == 0) {
      kill(x.pid_, SIGKILL);
      waitpid(x.pid_, nullptr, 0);
    }
    return;
  }
  epoll_event wanted{EPOLLIN | EPOLLONESHOT, {.u64 = 2 * x.number_ + 1}};
  epoll_ctl(poll_.get(), EPOLL_CTL_ADD, x.handle_.get(), &wanted);
}

void sandbox_supervisor::reap(const guest_process_ptr& x) {
  siginfo_t info{};
  auto found
    = waitid(P_PIDFD, static_cast<id_t>(x->handle_.get()), &info, WEXITED);
  end(x, found == 0 ? in_words(info) : "is gone");
}

void sandbox_supervisor::end(const guest_process_ptr& x, std::string how) {
  {
    std::lock_guard guard{mutex_};
    processes_.erase(x->number_);
  }
  --counts_->processes;
  {
    std::lock_guard guard{x->mutex_};
    if (x->handle_)
      epoll_ctl(poll_.get(), EPOLL_CTL_DEL, x->handle_.get(), nullptr);
    epoll_ctl(poll_.get(), EPOLL_CTL_DEL, x->wakeup_.get(), nullptr);
    x->handle_.close();
    x->ending_ = std::move(how);
    if (!x->dismissed_)
      ++counts_->sandboxes_lost;
  }
  x->ended_.store(true);
  // Although it may be awake: nobody else will tell it.
  x->notified_.store(false);
  x->notify();
}

void sandbox_supervisor::watch_deadlines() {
  earliest_ = never;
  std::vector<guest_process_ptr> all;
  {
    std::lock_guard guard{mutex_};
    for (auto& [number, x] : processes_)
      all.push_back(x);
  }
  auto now = count(clock::now());
  auto next = never;
  for (auto& x : all) {
    auto due = x->due_.load();
    if (due == 0 || x->roused())
      continue;
    if (due > now) {
      next = std::min(next, due);
      continue;
    }
    x->due_ = 0;
    x->overdue_.store(true);
    ++counts_->sandboxes_timed_out;
    x->kill_now();
    x->notify();
  }
  auto known = earliest_.load();
  while (next < known && !earliest_.compare_exchange_weak(known, next)) {
  }
}

} // namespace edgeless
