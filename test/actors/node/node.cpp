// SPDX-License-Identifier: MIT
#include "test/actors/node/node_fixture.hpp"

using namespace edgeless;
using namespace edgeless::test;

// -- membership ---------------------------------------------------------------

TEST_CASE_FIXTURE(node_fixture,
                  "node: dials its orchestrator and joins with an inventory") {
  REQUIRE(net->dials.size() == 1);
  CHECK(net->dials[0].where == "http://orchestrator:7000");

  join();
  auto id = any<physical_id>();
  REQUIRE(start(id, spec_of("plain")) == "ok");
  disconnect();
  join();

  REQUIRE(joined_with.size() == 2);
  CHECK(joined_with[0].empty());
  REQUIRE(joined_with[1].size() == 1);
  CHECK(joined_with[1][0].instance == id);
}

TEST_CASE_FIXTURE(
  node_fixture, "node: gives an orchestrator up after three silent intervals") {
  join();
  auto dials = net->dials.size();

  run_for(2500ms);
  keep_alive();
  run_for(2500ms);
  CHECK(net->dials.size() == dials);
  run_for(2s);

  CHECK(net->dials.size() == dials + 1);
}

TEST_CASE_FIXTURE(
  node_fixture,
  "node: keeps its orchestrator after its own process was suspended") {
  join();
  auto dials = net->dials.size();

  // Nothing runs for a minute; then the tick comes before the keep-alive, which
  // waits in the mailbox.
  scheduler().advance_time(1min);
  run_until_idle();
  keep_alive();
  run_for(500ms);

  CHECK(net->dials.size() == dials);
}

TEST_CASE_FIXTURE(node_fixture,
                  "node: reports an instance that ended during a join") {
  join();
  auto id = any<physical_id>();
  REQUIRE(start(id, spec_of("syncer")) == "ok");
  disconnect();
  dial();
  REQUIRE(joined_with.back().size() == 1);

  cast(id, "die");
  exits.clear(); // a report in the former session is refused
  auto session = welcome_node();

  REQUIRE(exits.size() == 1);
  CHECK(exits[0].instance == id);
  CHECK(exits[0].session == session);
}

TEST_CASE_FIXTURE(node_fixture,
                  "node: the new session is told when all replaced instances "
                  "have ended, not before") {
  scripts["lingerer"] = [](guest_host&, const guest_event& x) -> step {
    if (x.kind != hook::stop)
      return {};
    return sleep_step{100ms, [] {
                        return step{};
                      }};
  };
  auto former = join();
  auto id = any<physical_id>();
  REQUIRE(start(id, spec_of("lingerer")) == "ok");
  auto caller = start_caller("http://peer:7002");
  cast(caller, "a");
  REQUIRE(greet() == former);
  disconnect();
  dial();

  auto next = welcome_node({id});
  auto session_told = [&] {
    auto to = start_caller("http://peer-" + to_string(any<node_id>()));
    cast(to, "a");
    return greet();
  };

  REQUIRE(registry->find(id));
  CHECK(session_told() == former);
  run_for(limits::stop_grace);
  REQUIRE(!registry->find(id));
  CHECK(session_told() == next);
}

TEST_CASE_FIXTURE(node_fixture,
                  "node: a replaced instance that it lacks delays no session") {
  join();
  disconnect();
  dial();
  auto second = welcome_node({any<physical_id>()});

  cast(start_caller("http://peer:7002"), "go");

  CHECK(greet() == second);
}

// -- modules ------------------------------------------------------------------

TEST_CASE_FIXTURE(node_fixture,
                  "node: refuses a module that does not match its SHA-256") {
  join();
  is_module_damaged = true;

  auto answer = start(any<physical_id>(), spec_of("plain"));

  CHECK(answer.find("does not match its SHA-256") != std::string::npos);
  is_module_damaged = false;
  CHECK(start(any<physical_id>(), spec_of("plain")) == "ok");
}

TEST_CASE_FIXTURE(node_fixture,
                  "node: cannot start an unknown module without orchestrator") {
  auto answer = start(any<physical_id>(), spec_of("plain"));

  CHECK(answer == "no orchestrator to fetch the module from");
}

// -- life cycle ---------------------------------------------------------------

TEST_CASE_FIXTURE(node_fixture, "node: repeating a start changes nothing") {
  join();
  auto id = any<physical_id>();
  auto spec = spec_of("plain");
  REQUIRE(start(id, spec) == "ok");

  CHECK(start(id, spec) == "ok");

  CHECK(first_states.size() == 1);
}

TEST_CASE_FIXTURE(node_fixture, "node: a class without provider is refused") {
  auto spec = spec_of("plain");
  spec.function_type = "OTHER";

  CHECK(start(any<physical_id>(), spec)
        == "this node has no provider of plain of type OTHER");
}

TEST_CASE_FIXTURE(node_fixture,
                  "node: stops a prepared instance that is not activated") {
  join();
  auto id = any<physical_id>();
  REQUIRE(prepare(id, spec_of("plain")) == "ok");
  run_for(limits::prepared - 1s);
  REQUIRE(registry->find(id));

  run_for(1s);

  CHECK(!registry->find(id));
  CHECK(activate(id, "") == "no instance is prepared under that id");
}

TEST_CASE_FIXTURE(node_fixture,
                  "node: an activated instance outlives limits::prepared") {
  join();
  auto id = any<physical_id>();
  REQUIRE(prepare(id, spec_of("plain")) == "ok");
  REQUIRE(activate(id, "") == "ok");

  run_for(2 * limits::prepared);

  CHECK(is_hosted(id));
}

TEST_CASE_FIXTURE(node_fixture,
                  "node: an instance that is killed in its init hook is "
                  "destroyed") {
  join();
  endpoint far{any<node_id>(),
               any<session_id>(),
               any<physical_id>(),
               "http://peer:7002",
               {}};
  auto id = any<physical_id>();
  caf::anon_send(subject, atom::start_v, id, spec_of("waiter"),
                 output_map{1, {{"out", far}}}, std::string{});
  run_until_idle();
  REQUIRE(registry->find(id));
  auto sink = caf::actor_cast<caf::actor>(registry->find(id)->sink);
  auto instance = caf::actor_cast<caf::weak_actor_ptr>(sink);

  caf::anon_send_exit(sink, caf::exit_reason::kill);
  sink = nullptr;
  run_until_idle();
  run_for(limits::node_start); // the request of the NODE times out

  CHECK(!instance.lock());
}

// -- state --------------------------------------------------------------------

TEST_CASE_FIXTURE(node_fixture,
                  "node: an activation without state erases an older one") {
  join();
  auto spec = spec_of("syncer");
  auto earlier = any<physical_id>();
  REQUIRE(start(earlier, spec) == "ok");
  cast(earlier, "old");
  cast(earlier, "die"); // leaves its state to the next instance
  auto id = any<physical_id>();
  REQUIRE(prepare(id, spec) == "ok");

  REQUIRE(activate(id, "") == "ok");

  CHECK(state_of(id).empty());
  CHECK(first_states.back().empty());
}

TEST_CASE_FIXTURE(node_fixture,
                  "node: a crashed instance leaves its state to the next one") {
  join();
  auto spec = spec_of("syncer");
  auto earlier = any<physical_id>();
  REQUIRE(start(earlier, spec) == "ok");
  cast(earlier, "7");
  cast(earlier, "die");

  REQUIRE(start(any<physical_id>(), spec) == "ok");

  CHECK(first_states == std::vector<std::string>{"", "7"});
}

TEST_CASE_FIXTURE(node_fixture,
                  "node: a stopped instance leaves no state behind") {
  join();
  auto spec = spec_of("syncer");
  auto earlier = any<physical_id>();
  REQUIRE(start(earlier, spec) == "ok");
  cast(earlier, "7");
  tell(subject, atom::stop_v, earlier);
  REQUIRE(!registry->find(earlier));

  REQUIRE(start(any<physical_id>(), spec) == "ok");

  CHECK(first_states == std::vector<std::string>{"", ""});
}

TEST_CASE_FIXTURE(node_fixture,
                  "node: sends the newest Global state before it reports a "
                  "crash") {
  join();
  auto id = any<physical_id>();
  REQUIRE(start(id, spec_of("syncer", "Global")) == "ok");

  cast(id, "1");
  cast(id, "2"); // within limits::sync_pause
  REQUIRE(states.size() == 1);
  cast(id, "die");

  REQUIRE(states.size() == 2);
  CHECK(states[0].state == "1");
  CHECK(states[1].state == "2");
  CHECK(exits.size() == 1);
}

TEST_CASE_FIXTURE(node_fixture,
                  "node: of several states within a pause sends the last one") {
  join();
  auto id = any<physical_id>();
  REQUIRE(start(id, spec_of("syncer", "Global")) == "ok");

  for (auto* x : {"1", "2", "3", "4"})
    cast(id, x);
  run_for(2 * limits::sync_pause);

  REQUIRE(states.size() == 2);
  CHECK(states[1].state == "4");
  run_for(10 * limits::sync_pause);
  CHECK(states.size() == 2);
}

TEST_CASE_FIXTURE(node_fixture, "node: a Transient state is not kept") {
  join();
  auto id = any<physical_id>();
  REQUIRE(start(id, spec_of("syncer", "Transient")) == "ok");

  cast(id, "1");

  CHECK(state_of(id).empty());
  CHECK(states.empty());
}

// -- keep-alives --------------------------------------------------------------

TEST_CASE_FIXTURE(node_fixture,
                  "node: sends samples again until they are acknowledged") {
  join();
  auto id = any<physical_id>();
  REQUIRE(start(id, spec_of("plain")) == "ok");
  cast(id, "x");
  run_for(limits::samples_pause);
  keep_alive(0); // TELEMETRY delivers the set for the next one
  auto first = keep_alive(0).samples;
  REQUIRE(first.number > 0);
  REQUIRE(!first.times.empty());

  CHECK(keep_alive(0).samples == first);
  CHECK(keep_alive(0).samples == first);
  auto next = keep_alive(first.number).samples;

  CHECK(next.times.empty());
}

TEST_CASE_FIXTURE(node_fixture,
                  "node: the digest of a report is that of its inventory") {
  join();
  auto id = any<physical_id>();
  REQUIRE(start(id, spec_of("plain")) == "ok");
  REQUIRE(start(any<physical_id>(), spec_of("syncer")) == "ok");

  CHECK(keep_alive().running
        == digest(*ask<inventory>(subject, atom::running_v)));
  tell(subject, atom::stop_v, id);

  CHECK(keep_alive().running
        == digest(*ask<inventory>(subject, atom::running_v)));
}
