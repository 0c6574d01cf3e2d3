// SPDX-License-Identifier: MIT
#include "runtime/redis/database/database_lease.hpp"

#include "test/fixtures/memory_redis.hpp"
#include "test/fixtures/redis_server.hpp"

#include "runtime/redis/keys.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

const std::string owner_key{keys::owner};

database_owner owner(const std::string& domain, const std::string& run) {
  return {domain, "http://" + domain + ":7011", run};
}

struct lease_fixture {
  /// The error of a renewal, or "".
  std::string renew(database_lease& x, caf::timespan now = 0s) {
    auto problem = x.renew(*connection, now);
    return problem ? explain(problem) : "";
  }

  bool is_owned_by(const std::string& run) {
    return database->text(owner_key).find("\"run\":\"" + run + "\"")
           != std::string::npos;
  }

  std::shared_ptr<memory_database> database
    = std::make_shared<memory_database>();
  std::unique_ptr<redis> connection = database->connect();
  database_lease a{owner("a", "1")};
  database_lease b{owner("b", "2")};
};

} // namespace

TEST_CASE_FIXTURE(lease_fixture,
                  "database lease: the first orchestrator owns the database "
                  "until its lease is over") {
  CHECK(!a.is_held(0s));
  CHECK(renew(a) == "");

  CHECK(is_owned_by("1"));
  CHECK(database->expiry[owner_key] == 15);
  CHECK(a.is_held(limits::redis_lease - 1ns));
  CHECK(!a.is_held(limits::redis_lease));
}

TEST_CASE_FIXTURE(lease_fixture,
                  "database lease: a second orchestrator is refused, and both "
                  "learn of each other") {
  REQUIRE(renew(a) == "");

  auto problem = renew(b);
  CHECK(problem.find("another orchestrator owns this Redis database "
                     "(domain=a url=http://a:7011)")
        != std::string::npos);
  CHECK(b.is_refused());
  CHECK(!b.is_held(0s));
  CHECK(is_owned_by("1"));

  CHECK(renew(a, 5s) == "");
  CHECK(!a.is_refused());
  REQUIRE(a.contender());
  CHECK(*a.contender() == owner("b", "2"));
}

TEST_CASE_FIXTURE(lease_fixture,
                  "database lease: the lease of a dead orchestrator is free "
                  "when it has expired") {
  REQUIRE(renew(a) == "");
  REQUIRE(renew(b) != "");

  database->execute({"DEL", owner_key});

  CHECK(renew(b) == "");
  CHECK(!b.is_refused());
  CHECK(renew(a, 20s).find("domain=b") != std::string::npos);
  CHECK(a.is_refused());
}

TEST_CASE_FIXTURE(
  lease_fixture,
  "database lease: a new run of the same orchestrator takes it over at once") {
  REQUIRE(renew(a) == "");
  database_lease again{owner("a", "3")};

  CHECK(renew(again) == "");
  CHECK(is_owned_by("3"));

  // The former run, if it lives, is refused and does not take it back.
  CHECK(renew(a, 5s) != "");
  CHECK(renew(a, 6s) != "");
  CHECK(is_owned_by("3"));
  CHECK(renew(again, 5s) == "");
  CHECK(again.contender());
}

TEST_CASE_FIXTURE(
  lease_fixture, "database lease: an owner acquires a flushed database again") {
  REQUIRE(renew(a) == "");
  database->execute({"FLUSHDB"});

  CHECK(renew(a, 5s) == "");
  CHECK(is_owned_by("1"));
}

TEST_CASE_FIXTURE(
  lease_fixture,
  "database lease: after a pause of the process, Redis decides") {
  REQUIRE(renew(a) == "");
  CHECK(renew(a, 60s) == "");
  CHECK(a.is_held(61s));

  database->execute({"DEL", owner_key});
  REQUIRE(renew(b, 60s) == "");
  CHECK(renew(a, 120s) != "");
  CHECK(!a.is_held(120s));
}

TEST_CASE_FIXTURE(lease_fixture,
                  "database lease: what another program left under the key is "
                  "respected") {
  for (std::string text : {"hello", "{}", "[1]"}) {
    database->execute({"SET", owner_key, text});
    CHECK(renew(a) != "");
    CHECK(a.is_refused());
    CHECK(database->text(owner_key) == text);
  }
  database->execute({"DEL", owner_key});
  database->execute({"RPUSH", owner_key, "x"});
  CHECK(renew(a).find("Redis refuses GETRANGE") != std::string::npos);
}

TEST_CASE_FIXTURE(lease_fixture,
                  "database lease: an unreachable Redis is no refusal") {
  REQUIRE(renew(a) == "");
  database->down = true;

  CHECK(renew(a, 5s) != "");
  CHECK(!a.is_refused());
  CHECK(a.is_held(6s));
}

TEST_CASE("database lease: a real Redis lets one orchestrator in at a time") {
  redis_server server;
  auto first = std::move(*open_redis(server.url()));
  auto second = std::move(*open_redis(server.url()));
  database_lease a{owner("a", "1")}, b{owner("b", "2")};

  CHECK(!a.renew(*first, 0s));
  CHECK(b.renew(*second, 0s));
  CHECK(!a.renew(*first, 5s));
  CHECK(a.contender());
  auto left = (*first->run({{"TTL", owner_key}}))[0].number;
  CHECK(left > 10);
  CHECK(left <= 15);
  first->run({{"DEL", owner_key}});
  CHECK(!b.renew(*second, 1s));
  CHECK(a.renew(*first, 6s));
}

TEST_CASE("database lease: no reader of EDGELESS looks at its keys") {
  // What the readers of all versions scan; some panic at a key of another form.
  for (std::string_view pattern :
       {"node:", "nodes:", "provider:", "instance:", "dependency:",
        "performance:", "intent", "workflow:", "function:", "domain_info:"}) {
    CHECK(!keys::owner.starts_with(pattern));
    CHECK(!keys::contender.starts_with(pattern));
  }
}
