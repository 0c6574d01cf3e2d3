// SPDX-License-Identifier: MIT
#include "test/actors/proxy/proxy_fixture.hpp"

#include "runtime/redis/mirror_values.hpp"

#include <doctest/doctest.h>

/// One owner per database.
using namespace edgeless;
using namespace edgeless::test;

TEST_CASE_FIXTURE(proxy_fixture,
                  "proxy: leaves a database alone that another orchestrator "
                  "owns, and both count that") {
  open();
  auto node = join();
  auto rival = spawn_rival();
  auto before = mirrored();

  node_description other;
  other.id = any<node_id>();
  tell(rival, atom::join_v, other);
  push("intent:migrate:" + to_string(any<logical_id>()), to_string(node.id));
  run_for(1s);

  CHECK(mirrored() == before);
  CHECK(is_owned_by("domain-1"));
  CHECK(count("FLUSHDB") == 1);
  CHECK(intents.size() == 1);
  auto conflicts = counts->database_conflicts.load();
  CHECK(conflicts > 0);
  // The owner finds the rival's name: it counts, too.
  tell(subject, atom::tick_v);
  CHECK(counts->database_conflicts == conflicts + 1);
}

TEST_CASE_FIXTURE(proxy_fixture,
                  "proxy: mirrors its domain when the former owner has died") {
  open();
  join();
  auto rival = spawn_rival();
  node_description other;
  other.id = any<node_id>();
  tell(rival, atom::join_v, other);

  caf::anon_send_exit(subject, caf::exit_reason::kill);
  run_until_idle();
  database->execute({"DEL", owner_key}); // as it expires
  run_for(limits::redis_pause_max);

  CHECK(is_owned_by("domain-2"));
  auto id = to_string(other.id);
  CHECK(mirrored()
        == std::map<std::string, std::string>{
          {"node:capabilities:" + id, json_of(other.capabilities)},
          {"nodes:capabilities:" + id, json_of(other.capabilities)}});
}

TEST_CASE_FIXTURE(proxy_fixture,
                  "proxy: stops taking intents when it has lost the database, "
                  "and returns one that was under way") {
  open();
  join();
  auto rival_owner
    = R"({"domain":"domain-2","url":"http://two:7011","run":"2"})";
  database->execute({"SET", owner_key, rival_owner});
  tell(subject, atom::tick_v);
  auto key = "intent:migrate:" + to_string(any<logical_id>());

  ask<atom::ok>(subject, atom::intent_v, key, std::string{"value"});
  push("intent:drain:x", "yes");
  run_for(3s);

  CHECK(intents.empty());
  CHECK(database->text(key) == "value");
  CHECK(database->items("intents")
        == memory_database::list{key, "intent:drain:x"});
}

TEST_CASE_FIXTURE(proxy_fixture,
                  "proxy: a new run of the same orchestrator mirrors at once") {
  open();
  join();
  caf::anon_send_exit(subject, caf::exit_reason::kill);
  run_until_idle();

  proxy_options options;
  options.open = database->opener();
  options.owner = {"domain-1", "http://one:7011", "run-9"};
  subject = spawn(options);
  join();

  CHECK(mirrored().size() == 3);
  CHECK(counts->database_conflicts == 0);
}

TEST_CASE_FIXTURE(proxy_fixture,
                  "proxy: renews its lease without keep-alives") {
  open();
  database->expiry[owner_key] = 1;

  run_for(limits::redis_lease_renewal);

  CHECK(database->expiry[owner_key] == 15);
}
