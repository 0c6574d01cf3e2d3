// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// A calling function and a serving function on the nodes with given labels.
struct call_fixture : world {
  call_fixture() {
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

TEST_CASE_FIXTURE(call_fixture, "call: is answered on the same node") {
  start_both("one", "one");

  cast_to("asker", "a");

  CHECK(last() == "asker@node-1 = re a");
  CHECK(balanced());
}

TEST_CASE_FIXTURE(call_fixture, "call: is answered from another node") {
  start_both("one", "two");

  cast_to("asker", "a");
  cast_to("asker", "b");

  CHECK(journal == lines{"asker@node-1 = re a", "asker@node-1 = re b"});
  CHECK(balanced());
}

TEST_CASE_FIXTURE(call_fixture, "call: replies take no egress credit") {
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

TEST_CASE_FIXTURE(call_fixture,
                  "call: a handler without a reply answers no_reply") {
  start_both("one", "two");

  cast_to("asker", "none");

  CHECK(last() == "asker@node-1 = nothing");
}

TEST_CASE_FIXTURE(call_fixture,
                  "call: a trap of the callee fails the call at once") {
  start_both("one", "two");

  cast_to("asker", "die");

  CHECK(last() == "asker@node-1 = error");
  CHECK(status_of("server").restarts == 1);
  CHECK(status_of("asker").restarts == 0);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(call_fixture, "call: an unmapped channel traps the caller") {
  start({function("asker", "asker")});

  cast_to("asker", "a");

  CHECK(journal.empty());
  CHECK(status_of("asker").restarts == 1);
  CHECK(status_of("asker").reason == "call to the unmapped channel \"out\"");
}

TEST_CASE_FIXTURE(call_fixture,
                  "call: a channel without a target fails the call at once") {
  start_both("one", "two");
  kill("node-2");

  cast_to("asker", "a");

  CHECK(last() == "asker@node-1 = error");
  CHECK(status_of("asker").restarts == 0);
}

TEST_CASE_FIXTURE(call_fixture,
                  "call: the channel \"self\" fails the call at once") {
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

TEST_CASE_FIXTURE(call_fixture,
                  "call: a call to the caller's own component times out") {
  start({function("asker", "asker", {{"out", "asker"}},
                  {{"label_match_all", "one"}})});

  cast_to("asker", "a");
  run_for(5s);
  cast_to("asker", "b");
  run_for(5s);

  CHECK(journal == lines{"asker@node-1 = error", "asker@node-1 = error"});
}

TEST_CASE_FIXTURE(call_fixture,
                  "call: fails at its deadline when no reply comes") {
  start_both("one", "two", "1000");
  cast_to("asker", "never");

  run_for(999ms);
  auto early = journal;
  run_for(1ms);

  CHECK(early.empty());
  CHECK(last() == "asker@node-1 = error");
}

TEST_CASE_FIXTURE(call_fixture,
                  "call: a reply after the deadline is counted as late") {
  start_both("one", "two", "1000");
  cast_to("asker", "never");

  run_for(10s);

  CHECK(dropped(drop_reason::late_answer) == 1);
  CHECK(journal.size() == 1);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(call_fixture,
                  "call: a late reply does not answer the next call") {
  start_both("one", "two", "1000");
  cast_to("asker", "never");
  cast_to("asker", "b");

  // The first call times out, which unblocks the server: its reply comes when
  // the second call has begun.
  run_for(1s);

  CHECK(journal == lines{"asker@node-1 = error", "asker@node-1 = re b"});
  CHECK(dropped(drop_reason::late_answer) == 1);
}

TEST_CASE_FIXTURE(call_fixture,
                  "call: a cycle of calls times out and both sides go on") {
  start_both("one", "two");
  cast_to("asker", "never");
  run_for(10s);

  cast_to("asker", "a");

  CHECK(last() == "asker@node-1 = re a");
  CHECK(status_of("asker").restarts == 0);
  CHECK(status_of("server").restarts == 0);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(call_fixture,
                  "call: fails at once when the callee's node dies") {
  start_both("one", "two");
  cast_to("asker", "never");
  REQUIRE(journal.empty());

  kill("node-2");

  CHECK(last() == "asker@node-1 = error");
}

TEST_CASE_FIXTURE(call_fixture,
                  "call: fails when the callee's node is declared lost") {
  start_both("one", "two", "60000");
  cast_to("asker", "never");

  cut("node-2", "domain-1");
  run_for(4s);

  CHECK(last() == "asker@node-1 = error");
}

TEST_CASE_FIXTURE(call_fixture,
                  "call: the loss of another node does not affect it") {
  add_node("node-3");
  start_both("one", "two");
  cast_to("asker", "never");

  kill("node-3");

  CHECK(journal.empty());
}

TEST_CASE_FIXTURE(call_fixture, "call: fails when the callee stops") {
  start_both("one", "two");
  cast_to("asker", "never");
  auto instance = status_of("server").instance;

  stop("node-2", instance);
  run_until_idle();

  CHECK(last() == "asker@node-1 = error");
}

TEST_CASE_FIXTURE(
  call_fixture,
  "call: fails when it waits in the inbox of a stopped instance") {
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

TEST_CASE_FIXTURE(call_fixture, "call: fails when the callee's inbox is full") {
  start_both("one", "one");
  auto server = status_of("server").instance;
  auto room = registry("node-1").find(server)->room;
  REQUIRE(room->take(limits::inbox_bytes));

  cast_to("asker", "a");

  CHECK(last() == "asker@node-1 = error");
  CHECK(dropped(drop_reason::inbox_full) == 1);
  room->give_back(1, limits::inbox_bytes);
}

TEST_CASE_FIXTURE(
  call_fixture, "call: fails at its deadline when the callee is unreachable") {
  start_both("one", "two");
  cut("node-1", "node-2");

  cast_to("asker", "a");
  run_for(5s);

  CHECK(last() == "asker@node-1 = error");
}

TEST_CASE_FIXTURE(
  call_fixture,
  "call: events in the inboxes of a dead node are counted as dropped") {
  start_both("one", "two");
  cast_to("asker", "never");
  cast_to("asker", "a");
  cast_to("asker", "b");

  kill("node-1");
  run_for(20s);

  CHECK(dropped(drop_reason::crashed) >= 3);
  CHECK(accounted());
}
