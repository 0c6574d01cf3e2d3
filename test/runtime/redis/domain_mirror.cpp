// SPDX-License-Identifier: MIT
#include "runtime/redis/domain_mirror.hpp"

#include "test/fixtures/memory_redis.hpp"

#include "runtime/redis/mirror_values.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

using namespace edgeless;

namespace {

using time = std::chrono::system_clock::time_point;

/// A mirror, and the database that its commands have been sent to.
struct hall {
  hall() {
    mirror_state.rewrite();
  }

  template <class Id>
  Id any() {
    return draw<Id>(random);
  }

  node_description join(std::vector<provider_description> providers = {}) {
    node_description x;
    x.id = any<node_id>();
    x.providers = std::move(providers);
    mirror_state.join(x);
    write();
    return x;
  }

  component_spec host() {
    component_spec x;
    x.id = any<logical_id>();
    mirror_state.host(x);
    write();
    return x;
  }

  endpoint place(const logical_id& component) {
    endpoint at;
    at.node = any<node_id>();
    at.instance = any<physical_id>();
    mirror_state.moved(component, at);
    write();
    return at;
  }

  void sample(const node_id& node, const physical_id& instance,
              std::vector<double> seconds) {
    node_report x;
    x.samples.times.push_back({instance, std::move(seconds)});
    mirror_state.report(node, x);
  }

  void write() {
    while (mirror_state.has_changes())
      for (auto& x : mirror_state.changes(3))
        REQUIRE(database.execute(x).type != redis_reply::kind::error);
  }

  bool shows(const std::string& key) {
    return database.content.contains(key);
  }

  static std::string list_of(const physical_id& x) {
    return "performance:function_execution_time:" + to_string(x);
  }

  std::mt19937_64 generator{1};
  random_source random = [this] {
    return generator();
  };
  time now{};
  mirror mirror_state{{mirror_schema::v1_0, "domain-1", 5, [this] {
                         return now;
                       }}};
  memory_database database;
};

} // namespace

TEST_CASE_FIXTURE(
  hall, "domain mirror: a node has its capabilities under both keys") {
  auto x = join();
  auto text = json_of(x.capabilities);

  CHECK(database.text("node:capabilities:" + to_string(x.id)) == text);
  CHECK(database.text("nodes:capabilities:" + to_string(x.id)) == text);
  CHECK(database.content.size() == 2);
}

TEST_CASE_FIXTURE(hall,
                  "domain mirror: a node has health after its first report") {
  auto x = join();
  node_report report;
  report.health.cpu_usage = 7;

  mirror_state.report(x.id, report);
  write();

  CHECK(database.text("node:health:" + to_string(x.id))
        == json_of(report.health));
}

TEST_CASE_FIXTURE(hall, "domain mirror: a lost node leaves no keys behind") {
  auto x = join({{"log-1", "file-log", {}}});
  mirror_state.report(x.id, {});
  write();
  CHECK(database.content.size() == 4);

  mirror_state.lose(x.id);
  write();

  CHECK(database.content.empty());
}

TEST_CASE_FIXTURE(hall, "domain mirror: a report of a lost node is ignored") {
  auto x = join();
  mirror_state.lose(x.id);

  mirror_state.report(x.id, {});
  write();

  CHECK(database.content.empty());
}

TEST_CASE_FIXTURE(
  hall, "domain mirror: a node that joins again replaces its description") {
  auto x = join({{"log-1", "file-log", {}}});
  mirror_state.report(x.id, {});
  x.providers[0].id = "log-2";

  mirror_state.join(x);
  write();

  CHECK(!shows("provider:log-1"));
  CHECK(shows("provider:log-2"));
  CHECK(shows("node:health:" + to_string(x.id)));
}

TEST_CASE_FIXTURE(
  hall, "domain mirror: one of two providers with the same id is written") {
  auto x = join({{"log-1", "file-log", {}}});
  auto y = join({{"log-1", "file-log", {}}});

  mirror_state.lose(x.id);
  write();
  CHECK(database.text("provider:log-1") == json_of(y.providers[0], y.id));

  mirror_state.lose(y.id);
  write();
  CHECK(!shows("provider:log-1"));
}

TEST_CASE_FIXTURE(
  hall, "domain mirror: a component has its instance and its dependencies") {
  component_spec x;
  x.id = any<logical_id>();
  x.wiring["out"] = any<logical_id>();
  mirror_state.host(x);
  write();
  auto key = "instance:" + to_string(x.id);
  CHECK(database.text(key) == json_of(x, {}));

  auto at = place(x.id);

  CHECK(database.text(key) == json_of(x, at));
  CHECK(database.text("dependency:" + to_string(x.id)) == json_of(x.wiring));
}

TEST_CASE_FIXTURE(
  hall, "domain mirror: a component without outputs has no dependencies") {
  CHECK(!shows("dependency:" + to_string(host().id)));
}

TEST_CASE_FIXTURE(hall,
                  "domain mirror: a dropped component leaves no keys behind") {
  auto node = join();
  component_spec x;
  x.id = any<logical_id>();
  x.wiring["out"] = any<logical_id>();
  mirror_state.host(x);
  auto at = place(x.id);
  sample(node.id, at.instance, {1});
  write();
  CHECK(shows(list_of(at.instance)));

  mirror_state.drop(x.id);
  mirror_state.lose(node.id);
  mirror_state.moved(x.id, at);
  write();

  CHECK(database.content.empty());
}

TEST_CASE_FIXTURE(hall,
                  "domain mirror: samples carry the time of their arrival") {
  auto node = join();
  auto at = place(host().id);
  node_report x;
  x.samples.times.push_back({at.instance, {0.243379291, 2}});

  now = time{std::chrono::milliseconds{5007}};
  mirror_state.report(node.id, x);
  write();

  CHECK(database.items(list_of(at.instance))
        == memory_database::list{"0.243379291,5.007", "2,5.007"});
}

TEST_CASE_FIXTURE(hall,
                  "domain mirror: of too many samples the newest are kept") {
  auto node = join();
  auto at = place(host().id);

  sample(node.id, at.instance, {1, 2, 3});
  sample(node.id, at.instance, {4, 5, 6, 7});
  write();
  CHECK(database.items(list_of(at.instance)).front() == "3,0.000");

  sample(node.id, at.instance, {8});
  write();
  CHECK(database.items(list_of(at.instance)).front() == "4,0.000");
  CHECK(database.items(list_of(at.instance)).back() == "8,0.000");
}

TEST_CASE_FIXTURE(
  hall, "domain mirror: the samples of an instance are deleted with it") {
  auto node = join();
  auto component = host();
  auto first = place(component.id);
  sample(node.id, first.instance, {1});
  write();

  auto second = place(component.id);
  CHECK(!shows(list_of(first.instance)));

  sample(node.id, first.instance, {2});
  sample(node.id, second.instance, {3});
  write();
  CHECK(!shows(list_of(first.instance)));
  CHECK(shows(list_of(second.instance)));
}

TEST_CASE_FIXTURE(hall, "domain mirror: an unchanged value causes no command") {
  auto node = join();
  auto component = host();
  auto at = place(component.id);
  mirror_state.report(node.id, {});
  write();

  mirror_state.join(node);
  mirror_state.host(component);
  mirror_state.moved(component.id, at);
  mirror_state.report(node.id, {});

  CHECK(!mirror_state.has_changes());
}

TEST_CASE_FIXTURE(hall,
                  "domain mirror: while Redis is down only the state is kept") {
  auto node = join();
  auto component = host();
  auto at = place(component.id);
  mirror_state.mark_unreachable();

  for (int i = 0; i < 1000; ++i) {
    at.instance = any<physical_id>();
    mirror_state.moved(component.id, at);
    sample(node.id, at.instance, {1, 2});
  }
  CHECK(!mirror_state.has_changes());
  CHECK(mirror_state.samples_dropped() == 2000);

  database.content.clear();
  mirror_state.rewrite();
  write();
  CHECK(database.text("instance:" + to_string(component.id))
        == json_of(component, at));
  CHECK(database.content.size() == mirror_state.content().size());
}

TEST_CASE_FIXTURE(
  hall,
  "domain mirror: pending samples are counted as dropped when Redis fails") {
  auto node = join();
  auto at = place(host().id);
  sample(node.id, at.instance, {1, 2, 3});

  mirror_state.mark_unreachable();

  CHECK(mirror_state.samples_dropped() == 3);
}

TEST_CASE_FIXTURE(
  hall, "domain mirror: samples beyond the limit are counted as dropped") {
  auto node = join();
  auto at = place(host().id);

  sample(node.id, at.instance,
         std::vector<double>(limits::samples_pending - 1, 1));
  sample(node.id, at.instance, {1, 2, 3});

  CHECK(mirror_state.samples_dropped() == 2);
}

TEST_CASE_FIXTURE(
  hall, "domain mirror: samples that a node omitted are counted as dropped") {
  auto node = join();
  node_report x;
  x.samples.omitted = 7;

  mirror_state.report(node.id, x);

  CHECK(mirror_state.samples_dropped() == 7);
}

TEST_CASE_FIXTURE(hall, "domain mirror: probes iterate over all keys") {
  CHECK(mirror_state.probe(3).empty());
  for (int i = 0; i < 4; ++i)
    join();

  std::multiset<std::string> probed;
  for (std::size_t i = 0; i < mirror_state.content().size(); ++i)
    for (auto& x : mirror_state.probe(3))
      probed.insert(x);

  for (auto& [key, value] : mirror_state.content())
    CHECK(probed.count(key) == 3);
  CHECK(mirror_state.probe(100).size() == mirror_state.content().size());
}

TEST_CASE_FIXTURE(hall, "domain mirror: keys not written yet are not probed") {
  auto node = join();
  auto all = mirror_state.probe(100).size();
  CHECK(all > 0);

  mirror_state.lose(node.id);
  mirror_state.join(node);
  CHECK(mirror_state.probe(100).empty());

  write();
  CHECK(mirror_state.probe(100).size() == all);
}

TEST_CASE_FIXTURE(hall,
                  "domain mirror: strays are mirror keys outside the state") {
  auto at = place(host().id);
  auto gone = to_string(any<node_id>());
  std::vector<std::string> strays{
    "node:capabilities:" + gone, "nodes:capabilities:" + gone,
    "node:health:" + gone,       "provider:x",
    "instance:" + gone,          "dependency:" + gone,
    list_of(any<physical_id>())};
  auto keys = strays;
  keys.push_back(list_of(at.instance));
  for (auto& [key, value] : mirror_state.content())
    keys.push_back(key);
  for (auto foreign : {"intents", "intent:migrate:x", "function:x:average",
                       "workflow:x:samples", "anything"})
    keys.push_back(foreign);

  CHECK(mirror_state.strays(keys) == strays);
}

// -- the schema of later versions ---------------------------------------------

namespace {

/// A hall with the later schema.
struct later_hall : hall {
  later_hall() {
    mirror_state = mirror{{mirror_schema::v1_2, "domain-1", 2, [this] {
                             return now;
                           }}};
    mirror_state.rewrite();
    write();
  }

  void log(const node_id& node, const physical_id& instance,
           const std::string& target) {
    node_report x;
    x.samples.logs.push_back({instance, 1, target, "7"});
    mirror_state.report(node, x);
  }
};

} // namespace

TEST_CASE_FIXTURE(later_hall,
                  "domain mirror: the later schema keeps the newest samples, "
                  "though they are equal") {
  auto node = join();
  auto at = place(host().id);
  sample(node.id, at.instance, {1, 1, 1});
  write();

  auto key
    = "performance:" + to_string(at.instance) + ":function_execution_time";
  CHECK(database.members(key)
        == memory_database::list{"0.000001:1", "0.000002:1"});
}

TEST_CASE_FIXTURE(later_hall,
                  "domain mirror: the later schema deletes all series of an "
                  "instance, and the health of a node") {
  auto node = join();
  auto component = host();
  auto at = place(component.id);
  sample(node.id, at.instance, {1});
  log(node.id, at.instance, "tbegin");
  write();
  auto begun = "performance:" + to_string(at.instance) + ":tbegin";
  CHECK(shows(begun));
  CHECK(
    mirror_state.strays({begun, "node:health:" + to_string(node.id)}).empty());

  mirror_state.drop(component.id);
  mirror_state.lose(node.id);
  write();
  for (auto& [key, value] : database.content)
    CHECK_MESSAGE((key.ends_with(":last_update") || key.starts_with("domain_")),
                  key);
  CHECK(mirror_state.strays({begun}).size() == 1);
}

TEST_CASE_FIXTURE(later_hall,
                  "domain mirror: an instance has a bounded number of series, "
                  "with plain names") {
  auto node = join();
  auto at = place(host().id);
  for (std::size_t i = 0; i < limits::series + 3; ++i)
    log(node.id, at.instance, "series_" + std::to_string(i));
  for (std::string target : {"", "a:b", "a b", "../x"})
    log(node.id, at.instance, target);
  write();

  auto series = std::ranges::count_if(database.content, [](auto& x) {
    return x.first.starts_with("performance:");
  });
  CHECK(series == limits::series);
  CHECK(mirror_state.samples_dropped() == 3 + 4);
}

TEST_CASE_FIXTURE(later_hall,
                  "domain mirror: the later schema dates each change") {
  now = time{std::chrono::seconds{5}};
  auto node = join({{"log-1", "file-log", {}}});
  CHECK(database.text("node:capabilities:last_update") == "5.000000");
  CHECK(database.text("provider:last_update") == "5.000000");

  now = time{std::chrono::seconds{6}};
  mirror_state.join(node);
  CHECK(!mirror_state.has_changes());
  mirror_state.lose(node.id);
  write();
  CHECK(database.text("node:capabilities:last_update") == "6.000000");
}
