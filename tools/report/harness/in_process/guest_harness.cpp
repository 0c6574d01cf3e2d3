// SPDX-License-Identifier: MIT
#include "tools/report/harness/in_process/guest_harness.hpp"

#include "tools/report/harness/in_process/null_host.hpp"
#include "tools/report/plan.hpp"

#include "runtime/base/sha256.hpp"

#include "messages/errors.hpp"

#include <condition_variable>
#include <mutex>

namespace edgeless::benchmark {

/// Passes the same event to a guest `left` times, and waits for guests in other
/// processes.
struct guest_harness::waiting_host : null_host {
  guest_event current{hook::init, {}, {}, {}};
  int left = 1;
  std::string last_cast;
  std::mutex mutex;
  std::condition_variable changed;
  bool woken = false;

  const guest_event* next() noexcept override {
    return left-- > 0 ? &current : nullptr;
  }
  bool cast(std::string_view, std::string_view payload) noexcept override {
    last_cast = payload;
    return true;
  }
  using null_host::cast;
  void wake() noexcept override {
    std::lock_guard guard{mutex};
    woken = true;
    changed.notify_all();
  }
};

guest_harness::guest_harness(guest_engine& engine, const std::string& module,
                             std::string init)
  : host_{std::make_unique<waiting_host>()} {
  auto id = sha256(module);
  auto code = engine.find(id);
  if (!code)
    if (auto made = engine.compile(id, module))
      code = *made;
  host_->current.payload = std::move(init);
  if (code)
    if (auto made = code->instantiate(*host_, {}))
      guest_ = std::move(*made);
  is_running_ = guest_ && run_until_idle();
}

guest_harness::~guest_harness() {
  guest_.reset();
}

std::optional<double> guest_harness::handle(int count,
                                            const std::string& payload) {
  if (!is_running_)
    return std::nullopt;
  host_->current = {hook::cast, {}, payload, {}};
  host_->left = count;
  auto taken = seconds_of([&] { is_running_ = run_until_idle(); });
  return is_running_ ? std::optional{taken / count} : std::nullopt;
}

const std::string& guest_harness::last_cast() const {
  return host_->last_cast;
}

std::string guest_harness::fault() const {
  return guest_ ? guest_->fault() : "the guest cannot be instantiated";
}

bool guest_harness::run_until_idle() {
  for (;;) {
    switch (guest_->run()) {
    case progress::idle:
      return true;
    case progress::preempted:
      break;
    case progress::working: {
      std::unique_lock lock{host_->mutex};
      host_->changed.wait(lock, [this] { return host_->woken; });
      host_->woken = false;
      break;
    }
    default:
      return false;
    }
  }
}

} // namespace edgeless::benchmark
