// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// An asker on one node, its server on another one, or as told.
struct parties : world {
  parties() {
    add_node("node-1", labelled({"one"}));
    add_node("node-2", labelled({"two"}));
  }

  void start_both(const std::string& asker_on, const std::string& server_on,
                  const std::string& timeout = "5000",
                  const std::string& script = "asker") {
    start(
      {function("asker", script, {{"out", "server"}},
                {{"label_match_all", asker_on}, {"call_timeout_ms", timeout}}),
       function("server", "server", {{"out", "asker"}},
                {{"label_match_all", server_on}})});
  }

  std::string last() const {
    return journal.empty() ? "" : journal.back();
  }
};

} // namespace

TEST_CASE_FIXTURE(parties, "a call is answered on the same node") {
  start_both("one", "one");

  cast_to("asker", "a");

  CHECK(last() == "asker@node-1 = re a");
  CHECK(balanced());
}

TEST_CASE_FIXTURE(parties, "a call is answered from another node") {
  start_both("one", "two");

  cast_to("asker", "a");
  cast_to("asker", "b");

  CHECK(journal == lines{"asker@node-1 = re a", "asker@node-1 = re b"});
  CHECK(balanced());
}

TEST_CASE_FIXTURE(parties, "answers use up nothing, however many there are") {
  start_both("one", "two");

  constexpr std::size_t batch = 1000;
  auto batches = limits::egress_events / batch + 2;
  for (std::size_t i = 0; i < batches; ++i) {
    for (std::size_t k = 0; k < batch; ++k)
      enqueue_cast("asker", "a");
    run_until_idle();
  }

  CHECK(std::ranges::count(journal, "asker@node-1 = re a")
        == static_cast<std::ptrdiff_t>(batches * batch));
  CHECK(dropped() == 0);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(parties, "a handler without an answer answers nothing") {
  start_both("one", "two");

  cast_to("asker", "none");

  CHECK(last() == "asker@node-1 = nothing");
}

TEST_CASE_FIXTURE(parties, "a trap in the callee is an error at once") {
  start_both("one", "two");

  cast_to("asker", "die");

  CHECK(last() == "asker@node-1 = error");
  CHECK(status_of("server").restarts == 1);
  CHECK(status_of("asker").restarts == 0);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(parties, "a call to an unmapped channel traps") {
  start({function("asker", "asker")});

  cast_to("asker", "a");

  CHECK(journal.empty());
  CHECK(status_of("asker").restarts == 1);
  CHECK(status_of("asker").reason == "call to the unmapped channel \"out\"");
}

TEST_CASE_FIXTURE(parties, "a call to nowhere is an error at once") {
  start_both("one", "two");
  kill("node-2");

  cast_to("asker", "a");

  CHECK(last() == "asker@node-1 = error");
  CHECK(status_of("asker").restarts == 0);
}

TEST_CASE_FIXTURE(parties, "a call to oneself is an error at once") {
  scripts["narcissus"]
    = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind != hook::cast)
      return {};
    return call_step{"self", "a", [&host, this](call_result y) -> step {
                      auto bad = y.kind == event_kind::error;
                      note(host, "narcissus", bad ? " = error" : " = answer");
                      return {};
                    }};
  };
  start({function("f", "narcissus", {}, {{"label_match_all", "one"}})});

  cast_to("f", "go");

  CHECK(journal == lines{"narcissus@node-1 = error"});
}

TEST_CASE_FIXTURE(parties, "a call to one's own component is no deadlock") {
  start({function("asker", "asker", {{"out", "asker"}},
                  {{"label_match_all", "one"}})});

  cast_to("asker", "a");
  run_for(5s);
  cast_to("asker", "b");
  run_for(5s);

  CHECK(journal == lines{"asker@node-1 = error", "asker@node-1 = error"});
}

TEST_CASE_FIXTURE(parties, "a call without an answer ends at its deadline") {
  start_both("one", "two", "1000");
  cast_to("asker", "never");

  run_for(999ms);
  auto early = journal;
  run_for(1ms);

  CHECK(early.empty());
  CHECK(last() == "asker@node-1 = error");
}

TEST_CASE_FIXTURE(parties, "an answer after the deadline is counted") {
  start_both("one", "two", "1000");
  cast_to("asker", "never");

  run_for(10s);

  CHECK(dropped(drop_reason::late_answer) == 1);
  CHECK(journal.size() == 1);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(parties, "a cycle of calls times out and goes on") {
  start_both("one", "two");
  cast_to("asker", "never");
  run_for(10s);

  cast_to("asker", "a");

  CHECK(last() == "asker@node-1 = re a");
  CHECK(status_of("asker").restarts == 0);
  CHECK(status_of("server").restarts == 0);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(parties, "a call to a node that dies is an error at once") {
  start_both("one", "two");
  cast_to("asker", "never");
  REQUIRE(journal.empty());

  kill("node-2");

  CHECK(last() == "asker@node-1 = error");
}

TEST_CASE_FIXTURE(parties, "a call to a node that is lost is an error") {
  start_both("one", "two", "60000");
  cast_to("asker", "never");

  cut("node-2", "domain-1");
  run_for(4s);

  CHECK(last() == "asker@node-1 = error");
}

TEST_CASE_FIXTURE(parties, "a call elsewhere is not touched by a loss") {
  add_node("node-3");
  start_both("one", "two");
  cast_to("asker", "never");

  kill("node-3");

  CHECK(journal.empty());
}

TEST_CASE_FIXTURE(parties, "a call to an instance that stops is an error") {
  start_both("one", "two");
  cast_to("asker", "never");
  auto instance = status_of("server").instance;

  stop("node-2", instance);
  run_until_idle();

  CHECK(last() == "asker@node-1 = error");
}

TEST_CASE_FIXTURE(parties, "a call waiting in a stopped inbox is an error") {
  start({function("asker", "asker", {{"out", "server"}}),
         function("rival", "asker", {{"out", "server"}}),
         function("server", "server", {{"out", "asker"}})});
  cast_to("asker", "never");
  cast_to("rival", "a");
  REQUIRE(journal.empty());

  auto server = status_of("server").instance;
  stop(node_of(server), server);
  run_until_idle();

  CHECK(journal.size() == 2);
  CHECK(journal[0].ends_with(" = error"));
  CHECK(journal[1].ends_with(" = error"));
  CHECK(dropped(drop_reason::stopped) == 1);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(parties, "a call that a full inbox refuses is an error") {
  start_both("one", "one");
  auto server = status_of("server").instance;
  auto room = registry("node-1").find(server)->room;
  REQUIRE(room->take(limits::inbox_bytes));

  cast_to("asker", "a");

  CHECK(last() == "asker@node-1 = error");
  CHECK(dropped(drop_reason::inbox_full) == 1);
  room->give_back(1, limits::inbox_bytes);
}

TEST_CASE_FIXTURE(parties, "a call out of reach ends at its deadline") {
  start_both("one", "two");
  cut("node-1", "node-2");

  cast_to("asker", "a");
  run_for(5s);

  CHECK(last() == "asker@node-1 = error");
}

TEST_CASE_FIXTURE(parties,
                  "what waits in the inbox of a dead node is counted") {
  start_both("one", "two");
  cast_to("asker", "never");
  cast_to("asker", "a");
  cast_to("asker", "b");

  kill("node-1");
  run_for(20s);

  CHECK(dropped(drop_reason::crashed) >= 3);
  CHECK(accounted());
}
