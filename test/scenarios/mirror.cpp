// SPDX-License-Identifier: MIT
#include "test/fixtures/memory_redis.hpp"
#include "test/fixtures/world.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// A cluster whose domain is mirrored to a Redis in memory.
struct watched {
  watched() {
    w.add_node("n1");
    w.add_node("n2");
    w.run_until_idle();
  }

  static world::options mirrored(const redis_opener& opener) {
    world::options x;
    x.mirror = opener;
    return x;
  }

  /// What Redis says of where a component lives.
  std::string placed_on(const std::string& name) {
    auto text = database->text("instance:" + to_string(w.status_of(name).id));
    for (auto& node : w.nodes())
      if (text.find("node_id: " + to_string(w.id_of(node)) + ",")
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
  world w{mirrored(database->opener())};
};

} // namespace

TEST_CASE_FIXTURE(watched, "Redis shows the nodes, and how they are") {
  CHECK(count("node:capabilities:") == 2);

  w.run_for(3s);
  CHECK(count("node:health:") == 2);

  w.kill("n1");
  w.run_until_idle();
  CHECK(count("node:") == 2);
}

TEST_CASE_FIXTURE(watched, "Redis shows where components live, at once") {
  auto id
    = w.start({function("a", "relay", {{"out", "b"}}), function("b", "sink")});
  CHECK(placed_on("a") == w.placed_on("a"));
  CHECK(placed_on("b") == w.placed_on("b"));
  CHECK(count("dependency:") == 1);

  w.kill(w.placed_on("a"));
  w.run_until_idle();
  CHECK(placed_on("a") == w.placed_on("a"));
  CHECK(placed_on("b") == w.placed_on("b"));

  w.stop(id);
  w.run_until_idle();
  CHECK(count("instance:") == 0);
  CHECK(count("dependency:") == 0);
}

TEST_CASE_FIXTURE(watched, "who lives nowhere is shown so") {
  w.add_node("n3", labelled({"rare"}));
  w.start({function("a", "sink", {}, {{"label_match_all", "rare"}})});
  CHECK(placed_on("a") == "n3");

  w.kill("n3");
  w.run_until_idle();

  CHECK(placed_on("a") == "nowhere");
}

TEST_CASE_FIXTURE(watched, "a mirror that somebody flushed is there again "
                           "after a period") {
  w.start({function("a", "sink")});
  w.run_for(5s);
  auto before = database->content;
  database->execute({"FLUSHDB"});

  w.run_for(3s);

  CHECK(database->content == before);
}

TEST_CASE_FIXTURE(watched, "the domain works on while Redis is away") {
  database->down = true;
  w.start({function("a", "sink")});
  w.kill(w.placed_on("a"));
  w.run_for(3s);
  w.cast_to("a", "x");
  CHECK(w.journal == lines{"sink@" + w.placed_on("a") + " <- x"});

  database->down = false;
  w.run_for(10s);
  CHECK(placed_on("a") == w.placed_on("a"));
  CHECK(count("node:capabilities:") == 1);
}
