// SPDX-License-Identifier: MIT
#include "runtime/wasm/epoch_ticker.hpp"

#include <cassert>
#include <utility>

namespace edgeless {

namespace {

/// Ticks with no thread inside until the ticker sleeps. Not too few, since
/// waking it costs enter() a few microseconds.
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

// enter() increments inside_ and then reads asleep_; run() sets asleep_ and
// then reads inside_. In sequentially consistent order, at least one of the two
// sees the other's write, so that no wakeup is lost.
void epoch_ticker::enter() noexcept {
  inside_.fetch_add(1);
  if (asleep_.load()) {
    std::lock_guard guard{mutex_};
    asleep_ = false;
    changed_.notify_all();
  }
}

void epoch_ticker::leave() noexcept {
  [[maybe_unused]] auto before
    = inside_.fetch_sub(1, std::memory_order_release);
  assert(before > 0);
}

std::uint64_t epoch_ticker::count() const noexcept {
  return count_.load(std::memory_order_acquire);
}

void epoch_ticker::run() {
  std::unique_lock lock{mutex_};
  int idle = 0;
  for (;;) {
    auto next = std::chrono::steady_clock::now() + period_;
    changed_.wait_until(lock, next, [this] { return stopping_; });
    if (stopping_)
      return;
    count_.fetch_add(1, std::memory_order_release);
    tick_();
    idle = inside_.load() == 0 ? idle + 1 : 0;
    if (idle < idle_ticks)
      continue;
    idle = 0;
    asleep_ = true;
    if (inside_.load() == 0)
      changed_.wait(lock, [this] { return stopping_ || !asleep_.load(); });
    asleep_ = false;
  }
}

} // namespace edgeless
