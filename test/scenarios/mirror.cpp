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
    w.settle();
  }

  static world::options mirrored(const redis_opener& opener) {
    world::options x;
    x.mirror = opener;
    return x;
  }

  /// What Redis says of where a component lives.
  std::string home(const std::string& name) {
    auto text = database->text("instance:" + to_string(w.look(name).id));
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

  w.pass(3s);
  CHECK(count("node:health:") == 2);

  w.kill("n1");
  w.settle();
  CHECK(count("node:") == 2);
}

TEST_CASE_FIXTURE(watched, "Redis shows where components live, at once") {
  auto id
    = w.start({function("a", "relay", {{"out", "b"}}), function("b", "sink")});
  CHECK(home("a") == w.home("a"));
  CHECK(home("b") == w.home("b"));
  CHECK(count("dependency:") == 1);

  w.kill(w.home("a"));
  w.settle();
  CHECK(home("a") == w.home("a"));
  CHECK(home("b") == w.home("b"));

  w.stop(id);
  w.settle();
  CHECK(count("instance:") == 0);
  CHECK(count("dependency:") == 0);
}

TEST_CASE_FIXTURE(watched, "who lives nowhere is shown so") {
  w.add_node("n3", labelled({"rare"}));
  w.start({function("a", "sink", {}, {{"label_match_all", "rare"}})});
  CHECK(home("a") == "n3");

  w.kill("n3");
  w.settle();

  CHECK(home("a") == "nowhere");
}

TEST_CASE_FIXTURE(watched, "a mirror that somebody flushed is there again "
                           "after a period") {
  w.start({function("a", "sink")});
  w.pass(5s);
  auto before = database->content;
  database->execute({"FLUSHDB"});

  w.pass(3s);

  CHECK(database->content == before);
}

TEST_CASE_FIXTURE(watched, "the domain works on while Redis is away") {
  database->down = true;
  w.start({function("a", "sink")});
  w.kill(w.home("a"));
  w.pass(3s);
  w.cast_to("a", "x");
  CHECK(w.journal == lines{"sink@" + w.home("a") + " <- x"});

  database->down = false;
  w.pass(10s);
  CHECK(home("a") == w.home("a"));
  CHECK(count("node:capabilities:") == 1);
}
