// SPDX-License-Identifier: MIT
#include "runtime/delivery/event_counters.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("event counters: start at zero") {
  event_counters x;

  CHECK(x.sent() == 0);
  CHECK(x.handled() == 0);
  CHECK(x.dropped() == 0);
}

TEST_CASE("event counters: count drops by reason and in total") {
  event_counters x;

  x.count_sent(5);
  x.count_handled(2);
  x.count_dropped(drop_reason::fenced);
  x.count_dropped(drop_reason::stopped, 2);

  CHECK(x.sent() == 5);
  CHECK(x.handled() == 2);
  CHECK(x.dropped(drop_reason::fenced) == 1);
  CHECK(x.dropped(drop_reason::stopped) == 2);
  CHECK(x.dropped(drop_reason::crashed) == 0);
  CHECK(x.dropped() == 3);
}

TEST_CASE("event counters: a discarded copy is no loss") {
  event_counters x;

  x.count_sent(1);
  x.count_retransmitted();
  x.count_handled(1);
  x.count_dropped(drop_reason::duplicate);

  CHECK(x.sent() == 1);
  CHECK(x.retransmitted() == 1);
  CHECK(x.discarded() == 1);
  CHECK(x.dropped() == 0);
}

TEST_CASE("event counters: late replies are not part of the drops") {
  event_counters x;

  x.count_dropped(drop_reason::late_answer);

  CHECK(x.dropped(drop_reason::late_answer) == 1);
  CHECK(x.dropped() == 0);
}
