// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// Casts as many events as it is told, numbered from 0.
script burst() {
  return [](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::cast)
      for (int i = 0; i < std::stoi(x.payload); ++i)
        host.cast("out", std::to_string(i));
    return {};
  };
}

struct cluster : world {
  cluster() {
    scripts["burst"] = burst();
    scripts["count"] = [this](guest_host&, const guest_event& x) -> step {
      if (x.kind == hook::cast)
        seen.push_back(x.payload);
      return {};
    };
    add_node("node-1", labelled({"one"}));
    add_node("node-2", labelled({"two"}));
  }

  static std::map<std::string, std::string> on(const std::string& label) {
    return {{"label_match_all", label}};
  }

  /// From one node to the other.
  void start_pair(const std::string& source, const std::string& sink) {
    start({function("source", source, {{"out", "sink"}}, on("one")),
           function("sink", sink, {}, on("two"))});
  }

  /// Whether all `n` events were seen, in order and once.
  bool saw(int n) const {
    lines all;
    for (int i = 0; i < n; ++i)
      all.push_back(std::to_string(i));
    return seen == all;
  }

  lines seen;
};

} // namespace

// -- casts --------------------------------------------------------------------

TEST_CASE_FIXTURE(cluster, "events arrive in order on the same node") {
  start({function("source", "burst", {{"out", "sink"}}, on("one")),
         function("sink", "count", {}, on("one"))});

  cast_to("source", "1000");

  CHECK(saw(1000));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "events arrive in order on another node") {
  start_pair("burst", "count");

  cast_to("source", "1000");

  CHECK(saw(1000));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "a pair keeps its order over several channels") {
  scripts["zigzag"] = [](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::cast)
      for (int i = 0; i < 600; ++i)
        host.cast(i % 2 ? "left" : "right", std::to_string(i));
    return {};
  };
  start({function("source", "zigzag", {{"left", "sink"}, {"right", "sink"}},
                  on("one")),
         function("sink", "count", {}, on("two"))});

  cast_to("source", "go");

  CHECK(saw(600));
}

TEST_CASE_FIXTURE(cluster, "a cast to an unmapped channel is counted, only") {
  start({function("source", "relay")});

  cast_to("source", "a");

  CHECK(dropped(drop_reason::unmapped) == 1);
  CHECK(status_of("source").restarts == 0);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "casts to nowhere wait and leave in order") {
  start({function("source", "burst", {{"out", "sink"}}, on("one")),
         function("sink", "count", {}, on("two"))});
  kill("node-2");
  cast_to("source", "200");
  REQUIRE(seen.empty());

  add_node("node-3", labelled({"two"}));

  CHECK(saw(200));
  CHECK(dropped() == 0);
}

TEST_CASE_FIXTURE(cluster, "what came while they waited stays behind them") {
  start_pair("relay", "count");
  kill("node-2");
  cast_to("source", "0");
  cast_to("source", "1");

  add_node("node-3", labelled({"two"}));
  cast_to("source", "2");

  CHECK(saw(3));
}

TEST_CASE_FIXTURE(cluster, "more than may wait is dropped and counted") {
  start_pair("burst", "count");
  kill("node-2");

  cast_to("source", "300");
  add_node("node-3", labelled({"two"}));

  CHECK(dropped(drop_reason::nowhere) == 300 - limits::held_events);
  CHECK(saw(limits::held_events));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "what waits for too long is dropped and counted") {
  start_pair("burst", "count");
  kill("node-2");
  cast_to("source", "5");

  run_for(10s);
  add_node("node-3", labelled({"two"}));

  CHECK(dropped(drop_reason::nowhere) == 5);
  CHECK(seen.empty());
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "what waits for two periods is not dropped") {
  start_pair("burst", "count");
  kill("node-2");
  cast_to("source", "5");

  run_for(3s);
  add_node("node-3", labelled({"two"}));

  CHECK(saw(5));
}

TEST_CASE_FIXTURE(cluster, "a full inbox drops the newest and counts them") {
  start({function("source", "burst", {{"out", "sink"}}, on("one")),
         function("sink", "count", {}, on("one"))});

  cast_to("source", "5000");

  CHECK(dropped(drop_reason::inbox_full) == 5000 - limits::inbox_events);
  CHECK(saw(limits::inbox_events));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "a function may cast to itself a million times") {
  auto rounds = 0;
  scripts["wheel"] = [&](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::cast && ++rounds < 1'000'000)
      host.cast("self", "x");
    return {};
  };
  start({function("wheel", "wheel")});

  cast_to("wheel", "go");

  CHECK(rounds == 1'000'000);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "a function that floods itself drops and counts") {
  scripts["flood"] = [](guest_host& host, const guest_event& x) -> step {
    if (x.payload == "go")
      for (int i = 0; i < 5000; ++i)
        host.cast("self", "x");
    return {};
  };
  start({function("flood", "flood")});

  cast_to("flood", "go");

  CHECK(dropped(drop_reason::inbox_full) == 5000 - limits::inbox_events);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "the largest payload arrives, in parts") {
  scripts["big"] = [](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::cast)
      host.cast("out", std::string(limits::payload - 1, 'x') + "!");
    return {};
  };
  start_pair("big", "count");

  cast_to("source", "go");

  REQUIRE(seen.size() == 1);
  CHECK(seen[0].size() == limits::payload);
  CHECK(seen[0].back() == '!');
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "a larger payload is dropped and counted") {
  scripts["big"] = [](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::cast)
      host.cast("out", std::string(limits::payload + 1, 'x'));
    return {};
  };
  start_pair("big", "count");

  cast_to("source", "go");

  CHECK(seen.empty());
  CHECK(dropped(drop_reason::too_large) == 1);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "a delayed cast leaves when it is due") {
  scripts["later"] = [](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::cast)
      CHECK(!host.delayed_cast(3s, "out", "late"));
    return {};
  };
  start_pair("later", "count");
  cast_to("source", "go");

  run_for(2999ms);
  auto early = seen;
  run_for(1ms);

  CHECK(early.empty());
  CHECK(seen == lines{"late"});
}

TEST_CASE_FIXTURE(cluster, "too many delayed casts are dropped and counted") {
  scripts["later"] = [](guest_host& host, const guest_event& x) -> step {
    if (x.payload == "go")
      for (std::size_t i = 0; i < limits::delayed_casts + 3; ++i)
        CHECK(!host.delayed_cast(3s, "self", "late"));
    return {};
  };
  start({function("f", "later")});

  cast_to("f", "go");
  run_for(3s);

  CHECK(dropped(drop_reason::too_many_delayed) == 3);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "a delayed cast to an unmapped channel traps") {
  scripts["later"] = [](guest_host& host, const guest_event& x) -> step {
    auto problem = host.delayed_cast(3s, "out", "late");
    return x.kind == hook::cast ? step{trap{explain(problem)}} : step{};
  };
  start({function("f", "later")});

  cast_to("f", "go");

  CHECK(status_of("f").restarts == 1);
  CHECK(status_of("f").reason == "delayed cast to the unmapped channel \"out\"");
}

// -- links --------------------------------------------------------------------

TEST_CASE_FIXTURE(cluster, "a broken connection neither loses nor doubles") {
  start_pair("burst", "count");
  enqueue_cast("source", "2000");
  run(6);
  auto before = seen.size();

  reset("node-1", "node-2");
  run_for(2s);

  CHECK(before < 2000);
  CHECK(saw(2000));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "events for a peer out of reach wait for it") {
  start_pair("burst", "count");
  cut("node-1", "node-2");
  cast_to("source", "20");

  run_for(8s);
  reconnect("node-1", "node-2");
  run_for(4s);

  CHECK(saw(20));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "a peer out of reach for too long loses them") {
  start_pair("burst", "count");
  cut("node-1", "node-2");
  cast_to("source", "20");

  run_for(limits::peer_reach_timeout + 1s);

  CHECK(dropped(drop_reason::peer_lost) == 20);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "who was out of reach for too long is heard again") {
  start_pair("burst", "count");
  cast_to("source", "3");
  cut("node-1", "node-2");
  cast_to("source", "20");
  run_for(limits::peer_reach_timeout + 1s);
  reconnect("node-1", "node-2");
  run_for(4s);
  seen.clear();

  cast_to("source", "5");

  CHECK(saw(5));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "more than a link may hold is dropped and counted") {
  start_pair("burst", "count");
  cut("node-1", "node-2");

  cast_to("source", "17000");

  CHECK(dropped(drop_reason::egress_full) == 17000 - limits::egress_events);
}

TEST_CASE_FIXTURE(cluster, "an idle link is dialled again when it is needed") {
  start_pair("burst", "count");
  cast_to("source", "3");
  run_for(10min);
  seen.clear();

  cast_to("source", "5");

  CHECK(saw(5));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cluster, "events of a dead node are accounted for") {
  start_pair("burst", "count");
  cut("node-1", "node-2");
  cast_to("source", "20");

  kill("node-1");
  run_for(20s);

  CHECK(accounted());
}
