// SPDX-License-Identifier: MIT
#include "test/fixtures/actor_fixture.hpp"

#include "actors/orchestrator/component.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

using strings = std::vector<std::string>;

/// A component with doubles of its orchestrator and of two nodes. The nodes log
/// each command as `VERB NODE`. They fail the verb `failing` and never answer
/// the verb `unanswered`.
struct migration_steps : actor_fixture {
  migration_steps() {
    spec.id = any<logical_id>();
    spec.name = "f";
    spec.wiring["out"] = any<logical_id>();
    source = make("old");
    target = make("new");
    auto orchestrator = spawn_double<orchestrator_actor>(
      [this](atom::place, const component_spec&) { return source; },
      [this](atom::moved, const logical_id&, const endpoint& x) {
        announced.push_back(x);
      });
    subject = keep(component_actor{
      system.spawn(component, spec, orchestrator, random, false)});
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
      if (unanswered == verb)
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
        passed_state = state;
        predecessor = x.instance;
        return answer("activate");
      },
      [step, this](atom::freeze,
                   const physical_id&) -> caf::result<state_part> {
        if (unanswered == "freeze")
          return caf::delegated<state_part>{};
        if (auto problem = step("freeze"))
          return problem;
        return state_part{frozen.size(), 0, frozen.substr(0, part_size)};
      },
      [this](atom::state, const physical_id&,
             std::uint64_t offset) -> caf::result<state_part> {
        log.push_back("read " + std::to_string(offset));
        return state_part{frozen.size(), offset,
                          frozen.substr(offset, part_size)};
      },
      [step, this](atom::state, const physical_id&,
                   const state_part& x) -> caf::result<atom::ok> {
        if (auto problem = step("add"))
          return problem;
        added += x.bytes;
        return atom::ok_v;
      },
      [step](atom::thaw, const physical_id&) { step("thaw"); },
      [step](atom::stop, const physical_id&) { step("stop"); },
      [this](atom::patch, const physical_id& id, const output_map& x) {
        patched.emplace_back(id, x);
      },
      [step, this](atom::hand_over, const physical_id& from, const endpoint& to,
                   std::uint32_t) {
        step("hand_over");
        CHECK(from == predecessor);
        CHECK(to.instance == successor);
      });
    return x;
  }

  caf::expected<atom::ok> migrate() {
    return ask<atom::ok>(subject, atom::migrate_v, target);
  }

  component_spec spec;
  placement source;
  placement target;
  component_actor subject;
  std::string failing;
  std::string unanswered;
  std::string passed_state;
  std::string frozen = "state"; ///< the state of the source
  std::size_t part_size = 100;  ///< of its parts
  std::string added;            ///< to the target, before its activation
  physical_id successor;
  physical_id predecessor;
  strings log;
  std::vector<endpoint> announced;
  std::vector<std::pair<physical_id, output_map>> patched;
};

} // namespace

TEST_CASE_FIXTURE(
  migration_steps,
  "migration: prepares, freezes, activates and hands over, in this order") {
  auto result = migrate();

  CHECK(result);
  CHECK(
    log
    == strings{"prepare new", "freeze old", "activate new", "hand_over old"});
  CHECK(passed_state == "state");
  CHECK(announced.back().instance == successor);
  CHECK(announced.back().predecessor == predecessor);
}

TEST_CASE_FIXTURE(migration_steps,
                  "migration: a failed prepare freezes nothing") {
  failing = "prepare";

  auto result = migrate();

  REQUIRE(!result);
  CHECK(explain(result.error()) == "no prepare");
  CHECK(log == strings{"prepare new", "stop new"});
  CHECK(announced.size() == 1);
}

TEST_CASE_FIXTURE(migration_steps,
                  "migration: a failed freeze thaws the source") {
  failing = "freeze";

  auto result = migrate();

  CHECK(!result);
  CHECK(log == strings{"prepare new", "freeze old", "stop new", "thaw old"});
}

TEST_CASE_FIXTURE(migration_steps,
                  "migration: a failed activation thaws the source") {
  failing = "activate";

  auto result = migrate();

  CHECK(!result);
  CHECK(log
        == strings{"prepare new", "freeze old", "activate new", "stop new",
                   "thaw old"});
  CHECK(announced.size() == 1);
}

TEST_CASE_FIXTURE(migration_steps, "migration: each step has its deadline") {
  unanswered = "activate";
  migrate();
  log.clear();

  run_for(limits::node_start);

  CHECK(log == strings{"stop new", "thaw old"});
}

TEST_CASE_FIXTURE(migration_steps, "migration: the target takes over when the "
                                   "source is lost during activation") {
  unanswered = "activate";
  migrate();

  tell(subject, atom::lost_v, source.session);
  auto nowhere = announced.back();
  inventory_record record;
  record.component = spec.id;
  record.instance = successor;
  record.spec = fingerprint(spec);
  auto adopted = ask<bool>(subject, atom::adopt_v, record, target);

  CHECK(!nowhere);
  CHECK(adopted == true);
  CHECK(announced.back().instance == successor);
  CHECK(!announced.back().predecessor);
}

TEST_CASE_FIXTURE(
  migration_steps,
  "migration: a frozen instance without a migration is thawed on adoption") {
  inventory_record record;
  record.component = spec.id;
  record.instance = announced.back().instance;
  record.spec = fingerprint(spec);
  record.frozen = true;

  auto adopted = ask<bool>(subject, atom::adopt_v, record, source);

  CHECK(adopted == true);
  CHECK(log == strings{"thaw old"});
}

TEST_CASE_FIXTURE(
  migration_steps,
  "migration: a source that rejoins unaware is told of its successor") {
  inventory_record record;
  record.component = spec.id;
  record.instance = announced.back().instance;
  record.spec = fingerprint(spec);
  record.frozen = true;
  REQUIRE(migrate());
  log.clear();

  auto adopted = ask<bool>(subject, atom::adopt_v, record, source);

  CHECK(adopted == true);
  CHECK(log == strings{"hand_over old"});
}

TEST_CASE_FIXTURE(
  migration_steps,
  "migration: long after a migration its source is not adopted") {
  inventory_record record;
  record.component = spec.id;
  record.instance = announced.back().instance;
  record.spec = fingerprint(spec);
  REQUIRE(migrate());
  run_for(limits::hand_over);

  CHECK(ask<bool>(subject, atom::adopt_v, record, source) == false);
}

TEST_CASE_FIXTURE(
  migration_steps,
  "migration: migrations of one component run one after the other") {
  unanswered = "activate";
  migrate();
  auto again = ask<atom::ok>(subject, atom::migrate_v, target);
  unanswered.clear();

  run_for(limits::node_start);

  CHECK(!again); // it waits for the first migration
  CHECK(announced.back().instance == successor);
  CHECK(log.back() == "hand_over old");
}

TEST_CASE_FIXTURE(
  migration_steps,
  "migration: after a failed activation the source learns where its target "
  "has moved meanwhile") {
  auto instance = announced.back().instance;
  unanswered = "activate";
  migrate();
  patched.clear();
  endpoint moved;
  moved.node = any<node_id>();
  moved.instance = any<physical_id>();
  tell(subject, atom::moved_v, spec.wiring["out"], moved);
  REQUIRE(patched.empty());

  run_for(limits::node_start);

  REQUIRE(patched.size() == 1);
  CHECK(patched[0].first == instance);
  CHECK(patched[0].second.channels.at("out") == moved);
}

TEST_CASE_FIXTURE(
  migration_steps,
  "migration: a source that rejoins while it is asked to freeze is thawed") {
  unanswered = "freeze";
  auto request = self->request(subject, caf::infinite, atom::migrate_v, target);
  run_until_idle();
  inventory_record record;
  record.component = spec.id;
  record.instance = announced.back().instance;
  record.spec = fingerprint(spec);
  record.frozen = true;
  log.clear();
  tell(subject, atom::adopt_v, record, source);

  REQUIRE(!self->mailbox().empty());
  request.receive([](atom::ok) { FAIL("it has migrated"); },
                  [](const caf::error& x) {
                    CHECK(explain(x) == "its node joined again meanwhile");
                  });
  CHECK(std::ranges::count(log, "thaw old") >= 1);
  CHECK(std::ranges::count(log, "stop new") == 1);
}

TEST_CASE_FIXTURE(
  migration_steps,
  "migration: an instance that replaces a lost one names no predecessor") {
  REQUIRE(migrate());
  REQUIRE(announced.back().predecessor);

  tell(subject, atom::lost_v, target.session);

  REQUIRE(announced.back().instance);
  CHECK(announced.back().instance != successor);
  CHECK(!announced.back().predecessor);
}

TEST_CASE_FIXTURE(migration_steps,
                  "migration: a state that is larger than a message travels in "
                  "parts, the last one with the activation") {
  frozen = "0123456789";
  part_size = 4;
  REQUIRE(migrate());
  CHECK(added == "01234567");
  CHECK(passed_state == "89");
  CHECK(log
        == strings{"prepare new", "freeze old", "add new", "read 4", "add new",
                   "read 8", "activate new", "hand_over old"});
}

TEST_CASE_FIXTURE(migration_steps,
                  "migration: the source is thawed when the target has no room "
                  "for its state") {
  part_size = 2;
  failing = "add";
  auto result = migrate();
  REQUIRE(!result);
  CHECK(explain(result.error()) == "no add");
  CHECK(
    log
    == strings{"prepare new", "freeze old", "add new", "stop new", "thaw old"});
}
