// SPDX-License-Identifier: MIT
#include "runtime/wasm/epoch_ticker.hpp"

#include <doctest/doctest.h>

#include <future>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

/// A ticker that signals after `wanted` ticks.
struct counting_ticker {
  explicit counting_ticker(std::uint64_t wanted)
    : clock{1ms, [this, wanted] {
              if (++ticks == wanted)
                reached.set_value();
            }} {
    // nop
  }

  std::uint64_t ticks = 0;
  std::promise<void> reached;
  epoch_ticker clock;
};

} // namespace

TEST_CASE("epoch ticker: ticks while a thread is inside") {
  counting_ticker x{50};
  x.clock.enter();
  x.reached.get_future().wait();
  CHECK(x.clock.count() >= 50);
  x.clock.leave();
}

TEST_CASE("epoch ticker: enter() wakes a ticker that sleeps") {
  // It sleeps after 20 ticks with no thread inside.
  counting_ticker x{20};
  x.reached.get_future().wait();
  for (int round = 0; round < 3; ++round) {
    auto before = x.clock.count();
    x.clock.enter();
    while (x.clock.count() < before + 2)
      std::this_thread::yield();
    x.clock.leave();
  }
}

TEST_CASE(
  "epoch ticker: its destructor returns at once, whether it sleeps or not") {
  counting_ticker awake{1};
  counting_ticker sleeping{20};
  sleeping.reached.get_future().wait();
}
