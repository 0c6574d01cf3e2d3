// SPDX-License-Identifier: MIT
#include "runtime/wasm/epoch_ticker.hpp"

#include <utility>

namespace edgeless {

namespace {

/// Ticks with nobody inside until the ticker sleeps. Waking it costs the one
/// who enters a few microseconds, so not too few.
constexpr int idle_ticks = 20;

} // namespace

epoch_ticker::epoch_ticker(std::chrono::milliseconds period,
                           std::function<void()> tick)
  : period_{period}, tick_{std::move(tick)}, thread_{[this] {
      run();
    }} {
  // nop
}

epoch_ticker::~epoch_ticker() {
  {
    std::lock_guard guard{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

// Whoever enters counts himself and then looks whether the ticker sleeps; the
// ticker says that it sleeps and then looks whether anybody is inside. Both in
// sequentially consistent order: one of the two sees the other.
void epoch_ticker::enter() noexcept {
  inside_.fetch_add(1);
  if (asleep_.load()) {
    std::lock_guard guard{mutex_};
    asleep_ = false;
    changed_.notify_all();
  }
}

void epoch_ticker::leave() noexcept {
  inside_.fetch_sub(1, std::memory_order_release);
}

std::uint64_t epoch_ticker::count() const noexcept {
  return count_.load(std::memory_order_acquire);
}

void epoch_ticker::run() {
  std::unique_lock lock{mutex_};
  int quiet = 0;
  for (;;) {
    auto next = std::chrono::steady_clock::now() + period_;
    changed_.wait_until(lock, next, [this] { return stopping_; });
    if (stopping_)
      return;
    count_.fetch_add(1, std::memory_order_release);
    tick_();
    quiet = inside_.load() == 0 ? quiet + 1 : 0;
    if (quiet < idle_ticks)
      continue;
    quiet = 0;
    asleep_ = true;
    if (inside_.load() == 0)
      changed_.wait(lock, [this] { return stopping_ || !asleep_.load(); });
    asleep_ = false;
  }
}

} // namespace edgeless
