// SPDX-License-Identifier: MIT
#include "test/fixtures/memory_redis.hpp"
#include "test/fixtures/world.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// A cluster whose domain is mirrored to a Redis in memory.
struct mirror_fixture {
  mirror_fixture() {
    cluster.add_node("n1");
    cluster.add_node("n2");
    cluster.run_until_idle();
  }

  static world::options mirrored(const redis_opener& opener) {
    world::options x;
    x.mirror = opener;
    return x;
  }

  /// The node of a component according to Redis.
  std::string node_in_redis(const std::string& name) {
    auto text
      = database->text("instance:" + to_string(cluster.status_of(name).id));
    for (auto& node : cluster.nodes())
      if (text.find("node_id: " + to_string(cluster.id_of(node)) + ",")
          != std::string::npos)
        return node;
    return text.empty() ? "gone" : "nowhere";
  }

  std::size_t count(const std::string& prefix) const {
    std::size_t result = 0;
    for (auto& [key, value] : database->content)
      result += key.starts_with(prefix);
    return result;
  }

  std::shared_ptr<memory_database> database
    = std::make_shared<memory_database>();
  world cluster{mirrored(database->opener())};
};

} // namespace

TEST_CASE_FIXTURE(
  mirror_fixture,
  "mirror: Redis has the capabilities and health of all nodes") {
  CHECK(count("node:capabilities:") == 2);

  cluster.run_for(3s);
  CHECK(count("node:health:") == 2);

  cluster.kill("n1");
  cluster.run_until_idle();
  CHECK(count("node:") == 2);
}

TEST_CASE_FIXTURE(mirror_fixture,
                  "mirror: Redis has the placement of each component at once") {
  auto id = cluster.start(
    {function("a", "relay", {{"out", "b"}}), function("b", "sink")});
  CHECK(node_in_redis("a") == cluster.placed_on("a"));
  CHECK(node_in_redis("b") == cluster.placed_on("b"));
  CHECK(count("dependency:") == 1);

  cluster.kill(cluster.placed_on("a"));
  cluster.run_until_idle();
  CHECK(node_in_redis("a") == cluster.placed_on("a"));
  CHECK(node_in_redis("b") == cluster.placed_on("b"));

  cluster.stop(id);
  cluster.run_until_idle();
  CHECK(count("instance:") == 0);
  CHECK(count("dependency:") == 0);
}

TEST_CASE_FIXTURE(mirror_fixture,
                  "mirror: a pending component is written as not placed") {
  cluster.add_node("n3", labelled({"rare"}));
  cluster.start({function("a", "sink", {}, {{"label_match_all", "rare"}})});
  CHECK(node_in_redis("a") == "n3");

  cluster.kill("n3");
  cluster.run_until_idle();

  CHECK(node_in_redis("a") == "nowhere");
}

TEST_CASE_FIXTURE(
  mirror_fixture,
  "mirror: a flushed mirror is written again within an interval") {
  cluster.start({function("a", "sink")});
  cluster.run_for(5s);
  auto before = database->content;
  database->execute({"FLUSHDB"});

  cluster.run_for(3s);

  CHECK(database->content == before);
}

TEST_CASE_FIXTURE(mirror_fixture,
                  "mirror: the domain works on while Redis is away") {
  database->down = true;
  cluster.start({function("a", "sink")});
  cluster.kill(cluster.placed_on("a"));
  cluster.run_for(3s);
  cluster.cast_to("a", "x");
  CHECK(cluster.journal == lines{"sink@" + cluster.placed_on("a") + " <- x"});

  database->down = false;
  cluster.run_for(10s);
  CHECK(node_in_redis("a") == cluster.placed_on("a"));
  CHECK(count("node:capabilities:") == 1);
}
