// SPDX-License-Identifier: MIT
#include "runtime/wasm/epoch_ticker.hpp"

#include <doctest/doctest.h>

#include <future>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

/// A ticker that tells when it has ticked so often.
struct counted {
  explicit counted(std::uint64_t wanted)
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

TEST_CASE("a ticker ticks while somebody is inside") {
  counted x{50};
  x.clock.enter();
  x.reached.get_future().wait();
  CHECK(x.clock.count() >= 50);
  x.clock.leave();
}

TEST_CASE("a ticker that fell asleep is woken by who enters") {
  // It sleeps after 20 ticks with nobody inside.
  counted x{20};
  x.reached.get_future().wait();
  for (int round = 0; round < 3; ++round) {
    auto before = x.clock.count();
    x.clock.enter();
    while (x.clock.count() < before + 2)
      std::this_thread::yield();
    x.clock.leave();
  }
}

TEST_CASE("a ticker ends at once, asleep or not") {
  counted awake{1};
  counted frozen_candidate{20};
  frozen_candidate.reached.get_future().wait();
}
