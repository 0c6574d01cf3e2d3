// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// Casts as many events as the payload says, numbered from 0.
script burst() {
  return [](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::cast)
      for (int i = 0; i < std::stoi(x.payload); ++i)
        host.cast("out", std::to_string(i));
    return {};
  };
}

struct cast_fixture : world {
  cast_fixture() {
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

  /// A source on node-1 that feeds a sink on node-2.
  void start_pair(const std::string& source, const std::string& sink) {
    start({function("source", source, {{"out", "sink"}}, on("one")),
           function("sink", sink, {}, on("two"))});
  }

  /// The events 0 to n-1 were received, in order and once.
  bool received_all(int n) const {
    lines all;
    for (int i = 0; i < n; ++i)
      all.push_back(std::to_string(i));
    return seen == all;
  }

  lines seen;
};

} // namespace

// -- casts --------------------------------------------------------------------

TEST_CASE_FIXTURE(cast_fixture,
                  "cast: events arrive in order on the same node") {
  start({function("source", "burst", {{"out", "sink"}}, on("one")),
         function("sink", "count", {}, on("one"))});

  cast_to("source", "1000");

  CHECK(received_all(1000));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cast_fixture,
                  "cast: events arrive in order on another node") {
  start_pair("burst", "count");

  cast_to("source", "1000");

  CHECK(received_all(1000));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cast_fixture,
                  "cast: two channels to one target share one order") {
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

  CHECK(received_all(600));
}

TEST_CASE_FIXTURE(cast_fixture,
                  "cast: an unmapped channel drops and counts the event") {
  start({function("source", "relay")});

  cast_to("source", "a");

  CHECK(dropped(drop_reason::unmapped) == 1);
  CHECK(status_of("source").restarts == 0);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(
  cast_fixture,
  "cast: events for a channel without a target are held in order") {
  start({function("source", "burst", {{"out", "sink"}}, on("one")),
         function("sink", "count", {}, on("two"))});
  kill("node-2");
  cast_to("source", "200");
  REQUIRE(seen.empty());

  add_node("node-3", labelled({"two"}));

  CHECK(received_all(200));
  CHECK(dropped() == 0);
}

TEST_CASE_FIXTURE(cast_fixture,
                  "cast: newer events leave after the held ones") {
  start_pair("relay", "count");
  kill("node-2");
  cast_to("source", "0");
  cast_to("source", "1");

  add_node("node-3", labelled({"two"}));
  cast_to("source", "2");

  CHECK(received_all(3));
}

TEST_CASE_FIXTURE(
  cast_fixture,
  "cast: events beyond limits::held_events are dropped and counted") {
  start_pair("burst", "count");
  kill("node-2");

  cast_to("source", "300");
  add_node("node-3", labelled({"two"}));

  CHECK(dropped(drop_reason::nowhere) == 300 - limits::held_events);
  CHECK(received_all(limits::held_events));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cast_fixture, "cast: held events expire and are counted") {
  start_pair("burst", "count");
  kill("node-2");
  cast_to("source", "5");

  run_for(10s);
  add_node("node-3", labelled({"two"}));

  CHECK(dropped(drop_reason::nowhere) == 5);
  CHECK(seen.empty());
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cast_fixture,
                  "cast: held events survive two keep-alive periods") {
  start_pair("burst", "count");
  kill("node-2");
  cast_to("source", "5");

  run_for(3s);
  add_node("node-3", labelled({"two"}));

  CHECK(received_all(5));
}

TEST_CASE_FIXTURE(
  cast_fixture, "cast: a full inbox drops the newest events and counts them") {
  start({function("source", "burst", {{"out", "sink"}}, on("one")),
         function("sink", "count", {}, on("one"))});

  cast_to("source", "5000");

  CHECK(dropped(drop_reason::inbox_full) == 5000 - limits::inbox_events);
  CHECK(received_all(limits::inbox_events));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cast_fixture,
                  "cast: a function can cast to itself a million times") {
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

TEST_CASE_FIXTURE(cast_fixture,
                  "cast: a function that floods itself drops and counts") {
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

TEST_CASE_FIXTURE(cast_fixture,
                  "cast: the largest payload arrives in fragments") {
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

TEST_CASE_FIXTURE(
  cast_fixture,
  "cast: a payload above limits::payload is dropped and counted") {
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

TEST_CASE_FIXTURE(cast_fixture, "delayed cast: is sent when it is due") {
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

TEST_CASE_FIXTURE(
  cast_fixture,
  "delayed cast: more than limits::delayed_casts are dropped and counted") {
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

TEST_CASE_FIXTURE(cast_fixture,
                  "delayed cast: an unmapped channel traps the guest") {
  scripts["later"] = [](guest_host& host, const guest_event& x) -> step {
    auto problem = host.delayed_cast(3s, "out", "late");
    return x.kind == hook::cast ? step{trap{explain(problem)}} : step{};
  };
  start({function("f", "later")});

  cast_to("f", "go");

  CHECK(status_of("f").restarts == 1);
  CHECK(status_of("f").reason
        == "delayed cast to the unmapped channel \"out\"");
}

// -- egress -------------------------------------------------------------------

TEST_CASE_FIXTURE(
  cast_fixture,
  "egress: a broken connection neither loses nor duplicates events") {
  start_pair("burst", "count");
  enqueue_cast("source", "2000");
  run(6);
  auto before = seen.size();

  reset("node-1", "node-2");
  run_for(2s);

  CHECK(before < 2000);
  CHECK(received_all(2000));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cast_fixture,
                  "egress: events for an unreachable peer wait for it") {
  start_pair("burst", "count");
  cut("node-1", "node-2");
  cast_to("source", "20");

  run_for(8s);
  reconnect("node-1", "node-2");
  run_for(4s);

  CHECK(received_all(20));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(
  cast_fixture,
  "egress: events for a peer that stays unreachable are dropped") {
  start_pair("burst", "count");
  cut("node-1", "node-2");
  cast_to("source", "20");

  run_for(limits::peer_reach_timeout + 1s);

  CHECK(dropped(drop_reason::peer_lost) == 20);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(
  cast_fixture,
  "egress: a peer that is reachable again receives events again") {
  start_pair("burst", "count");
  cast_to("source", "3");
  cut("node-1", "node-2");
  cast_to("source", "20");
  run_for(limits::peer_reach_timeout + 1s);
  reconnect("node-1", "node-2");
  run_for(4s);
  seen.clear();

  cast_to("source", "5");

  CHECK(received_all(5));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(
  cast_fixture,
  "egress: events beyond limits::egress_events are dropped and counted") {
  start_pair("burst", "count");
  cut("node-1", "node-2");

  cast_to("source", "17000");

  CHECK(dropped(drop_reason::egress_full) == 17000 - limits::egress_events);
}

TEST_CASE_FIXTURE(cast_fixture,
                  "egress: an idle connection is dialled again on demand") {
  start_pair("burst", "count");
  cast_to("source", "3");
  run_for(10min);
  seen.clear();

  cast_to("source", "5");

  CHECK(received_all(5));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(cast_fixture,
                  "egress: events of a dead node are accounted for") {
  start_pair("burst", "count");
  cut("node-1", "node-2");
  cast_to("source", "20");

  kill("node-1");
  run_for(20s);

  CHECK(accounted());
}
