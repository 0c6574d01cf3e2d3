// SPDX-License-Identifier: MIT
#include "runtime/placement/loss_record.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

TEST_CASE(
  "loss record: each loss soon after a start has a harder consequence") {
  using enum loss_record::consequence;
  loss_record x;
  CHECK(x.on_lost(1s) == none);
  CHECK(x.on_lost(9s) == back_off);
  CHECK(x.pause() == 1s);
  CHECK(!x.is_to_be_isolated());
  CHECK(x.on_lost(1s) == isolate);
  CHECK(x.pause() == 2s);
  CHECK(x.is_to_be_isolated());
  CHECK(x.on_lost(1s) == isolate);
  CHECK(x.on_lost(1s) == isolate);
  CHECK(x.on_lost(1s) == quarantine);
  CHECK(x.on_lost(1s) == quarantine);
  CHECK(x.pause() == limits::quarantine);
}

TEST_CASE("loss record: a late loss, or a node that comes back, clears it") {
  using enum loss_record::consequence;
  loss_record x;
  for (int i = 0; i < 3; ++i)
    x.on_lost(1s);
  CHECK(x.on_lost(limits::quick_loss) == none);
  CHECK(!x.is_to_be_isolated());
  CHECK(x.on_lost(1s) == none);
  x.clear();
  CHECK(x.on_lost(1s) == none);
  CHECK(x.on_lost(1s) == back_off);
  CHECK(x.pause() == 1s);
}
