// SPDX-License-Identifier: MIT
#include "test/fixtures/actor_fixture.hpp"

#include "actors/orchestrator/component.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

using strings = std::vector<std::string>;

/// A component between its orchestrator and two nodes, which do what they are
/// told unless the test says otherwise, and write it down.
struct removal : actor_fixture {
  removal() {
    spec.id = any<logical_id>();
    spec.name = "f";
    first = make("old");
    second = make("new");
    auto boss = spawn_double<orchestrator_actor>(
      [this](atom::place, const component_spec&) { return first; },
      [this](atom::moved, const logical_id&, const endpoint& x) {
        moves.push_back(x);
      });
    child = keep(
      component_actor{system.spawn(component, spec, boss, random, false)});
    run_until_idle();
    log.clear();
  }

  placement make(const std::string& name) {
    placement x;
    x.node = any<node_id>();
    x.session = any<session_id>();
    auto step = [this, name](const std::string& verb) -> caf::error {
      log.push_back(verb + " " + name);
      return failing == verb ? fail(ec::guest_fault, "no " + verb)
                             : caf::error{};
    };
    auto answer
      = [this, step](const std::string& verb) -> caf::result<atom::ok> {
      if (silent == verb)
        return caf::delegated<atom::ok>{};
      if (auto problem = step(verb))
        return problem;
      return atom::ok_v;
    };
    x.handle = spawn_double<node_actor>(
      [answer](atom::start, const physical_id&, const component_spec&,
               const output_map&,
               const std::string&) { return answer("start"); },
      [answer](atom::prepare, const physical_id&, const component_spec&) {
        return answer("prepare");
      },
      [answer, this](atom::activate, const physical_id& id, const output_map&,
                     const std::string& state, const instance_id& x) {
        successor = id;
        handed = state;
        predecessor = x.instance;
        return answer("activate");
      },
      [step](atom::freeze, const physical_id&) -> caf::result<std::string> {
        if (auto problem = step("freeze"))
          return problem;
        return std::string{"state"};
      },
      [step](atom::thaw, const physical_id&) { step("thaw"); },
      [step](atom::stop, const physical_id&) { step("stop"); },
      [step](atom::patch, const physical_id&, const output_map&) { /* nop */ },
      [step, this](atom::hand_over, const physical_id& from, const endpoint& to,
                   std::uint32_t) {
        step("hand_over");
        CHECK(from == predecessor);
        CHECK(to.instance == successor);
      });
    return x;
  }

  caf::expected<atom::ok> migrate() {
    return ask<atom::ok>(child, atom::migrate_v, second);
  }

  component_spec spec;
  placement first;
  placement second;
  component_actor child;
  std::string failing;
  std::string silent;
  std::string handed;
  physical_id successor;
  physical_id predecessor;
  strings log;
  std::vector<endpoint> moves;
};

} // namespace

TEST_CASE_FIXTURE(removal, "a move goes step by step") {
  auto done = migrate();

  CHECK(done);
  CHECK(
    log
    == strings{"prepare new", "freeze old", "activate new", "hand_over old"});
  CHECK(handed == "state");
  CHECK(moves.back().instance == successor);
  CHECK(moves.back().predecessor == predecessor);
}

TEST_CASE_FIXTURE(removal, "what cannot be prepared is not frozen") {
  failing = "prepare";

  auto done = migrate();

  REQUIRE(!done);
  CHECK(explain(done.error()) == "no prepare");
  CHECK(log == strings{"prepare new", "stop new"});
  CHECK(moves.size() == 1);
}

TEST_CASE_FIXTURE(removal, "what does not freeze is thawed") {
  failing = "freeze";

  auto done = migrate();

  CHECK(!done);
  CHECK(log == strings{"prepare new", "freeze old", "stop new", "thaw old"});
}

TEST_CASE_FIXTURE(removal, "when the successor fails, home is thawed") {
  failing = "activate";

  auto done = migrate();

  CHECK(!done);
  CHECK(log
        == strings{"prepare new", "freeze old", "activate new", "stop new",
                   "thaw old"});
  CHECK(moves.size() == 1);
}

TEST_CASE_FIXTURE(removal, "each step has its deadline") {
  silent = "activate";
  migrate();
  log.clear();

  run_for(limits::node_start);

  CHECK(log == strings{"stop new", "thaw old"});
}

TEST_CASE_FIXTURE(removal, "home may be lost while its successor starts") {
  silent = "activate";
  migrate();

  tell(child, atom::lost_v, first.session);
  auto nowhere = moves.back();
  inventory_record record;
  record.component = spec.id;
  record.instance = successor;
  record.spec = fingerprint(spec);
  auto kept = ask<bool>(child, atom::adopt_v, record, second);

  CHECK(!nowhere);
  CHECK(kept == true);
  CHECK(moves.back().instance == successor);
  CHECK(!moves.back().predecessor);
}

TEST_CASE_FIXTURE(removal, "what comes back frozen without a move is thawed") {
  inventory_record record;
  record.component = spec.id;
  record.instance = moves.back().instance;
  record.spec = fingerprint(spec);
  record.frozen = true;

  auto kept = ask<bool>(child, atom::adopt_v, record, first);

  CHECK(kept == true);
  CHECK(log == strings{"thaw old"});
}

TEST_CASE_FIXTURE(removal, "who comes back unaware is told of its successor") {
  inventory_record record;
  record.component = spec.id;
  record.instance = moves.back().instance;
  record.spec = fingerprint(spec);
  record.frozen = true;
  REQUIRE(migrate());
  log.clear();

  auto kept = ask<bool>(child, atom::adopt_v, record, first);

  CHECK(kept == true);
  CHECK(log == strings{"hand_over old"});
}

TEST_CASE_FIXTURE(removal, "long after a move, its predecessor is not wanted") {
  inventory_record record;
  record.component = spec.id;
  record.instance = moves.back().instance;
  record.spec = fingerprint(spec);
  REQUIRE(migrate());
  run_for(limits::hand_over);

  CHECK(ask<bool>(child, atom::adopt_v, record, first) == false);
}

TEST_CASE_FIXTURE(removal, "moves follow each other") {
  silent = "activate";
  migrate();
  auto again = ask<atom::ok>(child, atom::migrate_v, second);
  silent.clear();

  run_for(limits::node_start);

  CHECK(!again); // waits for the first one
  CHECK(moves.back().instance == successor);
  CHECK(log.back() == "hand_over old");
}
