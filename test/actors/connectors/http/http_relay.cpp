// SPDX-License-Identifier: MIT
#include "actors/connectors/http/http_relay.hpp"

#include "test/fixtures/world.hpp"

#include "actors/connectors/http/http_ingress.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

namespace {

const std::string functions = "functions";

/// Two nodes that accept HTTP requests, and two for functions.
struct http_relay_fixture : world {
  http_relay_fixture() {
    for (auto name : {"door-1", "door-2"})
      add_door(name);
    for (auto name : {"node-1", "node-2"})
      add_node(name, labelled({functions}));
    scripts["web"] = [](guest_host&, const guest_event& x) -> step {
      if (x.kind != hook::call)
        return {};
      return finish{
        {event_kind::reply, R"({"body":[79,75],"status":201,"headers":{}})"}};
    };
  }

  void add_door(const std::string& name) {
    routers[name] = std::make_shared<http_router>();
    classes["http-ingress"]
      = std::make_shared<const resource_class>(http_ingress(routers[name]));
    add_node(name, providing("http-ingress"));
    classes.clear();
  }

  void start_with(std::map<std::string, std::string> configuration,
                  const std::string& script = "web") {
    auto source
      = test::resource("ingress", "http-ingress", std::move(configuration));
    source.output_mapping["new_request"] = "web";
    start({source, function("web", script, {{"out", "web"}},
                            {{"label_match_all", functions}})});
    run_until_idle();
  }

  /// The node that accepts requests and does not run the ingress.
  std::string other() {
    return placed_on("ingress") == "door-1" ? "door-2" : "door-1";
  }

  /// Sends a request to a node; the status is added to `statuses`.
  void begin(const std::string& door, const std::string& method,
             const std::string& body = "") {
    http_request x;
    x.method = method;
    x.target = "/a";
    x.host = "h";
    x.body = body;
    routers.at(door)->handle(x, http_responder{[to = seen_](http_response y) {
                               to->push_back(y.status);
                             }});
  }

  unsigned ask(const std::string& door, const std::string& method,
               const std::string& body = "") {
    statuses.clear();
    begin(door, method, body);
    run_until_idle();
    return statuses.size() == 1 ? statuses[0] : 0;
  }

  std::map<std::string, std::shared_ptr<http_router>> routers;
  /// The responders of instances outlive this.
  std::shared_ptr<std::vector<unsigned>> seen_
    = std::make_shared<std::vector<unsigned>>();
  std::vector<unsigned>& statuses = *seen_;
};

} // namespace

TEST_CASE_FIXTURE(http_relay_fixture,
                  "http relay: each node takes the requests of its domain") {
  CHECK(ask("door-1", "POST") == 404);
  start_with({{"method", "GET,POST"}});
  CHECK(ask(other(), "POST") == 201);
  CHECK(ask(placed_on("ingress"), "POST") == 201);
  CHECK(ask(other(), "PUT") == 404);

  add_door("door-3");
  CHECK(ask("door-3", "GET") == 201);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(http_relay_fixture,
                  "http relay: a stopped workflow takes no requests anywhere") {
  start_with({});
  stop(status.id);
  run_for(2s);

  CHECK(ask("door-1", "GET") == 404);
  CHECK(ask("door-2", "GET") == 404);
}

TEST_CASE_FIXTURE(http_relay_fixture,
                  "http relay: an async body is cast once, wherever it came") {
  start_with({{"async", "true"}, {"encode_base64", "true"}}, "sink");

  CHECK(ask(other(), "POST", "hello") == 200);

  REQUIRE(journal.size() == 1);
  CHECK(journal[0].ends_with(" <- aGVsbG8="));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(http_relay_fixture,
                  "http relay: a body that fits no event is refused") {
  start_with({});

  CHECK(ask(other(), "POST", std::string(limits::http_body, 'x')) == 413);
}

TEST_CASE_FIXTURE(http_relay_fixture,
                  "http relay: no request fails during 100 migrations of the "
                  "http-ingress") {
  start_with({});
  for (auto i = 0; i < 100; ++i) {
    auto from = placed_on("ingress");
    begin_migration("ingress", other());
    for (auto k = 0; k < 12; ++k) {
      begin(k % 3 == 0 ? other() : from, k % 2 == 0 ? "GET" : "POST");
      run(7);
    }
    run_for(500ms);
    CHECK(placed_on("ingress") != from);
  }

  CHECK(statuses.size() == 1200);
  CHECK(std::ranges::count(statuses, 201u) == 1200);
}

TEST_CASE_FIXTURE(http_relay_fixture,
                  "http relay: no async body is lost or doubled during 50 "
                  "migrations of the http-ingress") {
  start_with({{"async", "true"}}, "sink");
  for (auto i = 0; i < 50; ++i) {
    auto from = placed_on("ingress");
    begin_migration("ingress", other());
    for (auto k = 0; k < 6; ++k) {
      begin(k % 3 == 0 ? other() : from, "POST",
            std::to_string(100 * (i + 1) + k));
      run(7);
    }
    run_for(500ms);
    CHECK(placed_on("ingress") != from);
  }

  CHECK(std::ranges::count(statuses, 200u) == 300);
  CHECK(journal.size() == 300);
  std::ranges::sort(journal);
  CHECK(std::ranges::adjacent_find(journal) == journal.end());
}

TEST_CASE_FIXTURE(http_relay_fixture,
                  "http relay: requests wait for the next http-ingress, and "
                  "repeatable ones survive the loss of the last one") {
  start_with({});
  auto home = placed_on("ingress");
  auto door = other();
  cut(door, home);
  begin(door, "GET");
  begin(door, "POST");
  run_until_idle();
  CHECK(statuses.empty());

  kill(home);
  run_for(1s);
  begin(door, "POST");
  run_for(limits::http_call);

  REQUIRE(statuses.size() == 3);
  CHECK(std::ranges::count(statuses, 201u) == 2);
  CHECK(std::ranges::count(statuses, 502u) == 1);
  CHECK(placed_on("ingress") == door);
}

TEST_CASE_FIXTURE(http_relay_fixture,
                  "http relay: without any function it is 503, after one "
                  "deadline") {
  start_with({});
  kill(lines{"node-1", "node-2"});

  begin(other(), "POST");
  begin(placed_on("ingress"), "POST");
  run_for(limits::http_call + 1s);

  CHECK(statuses == std::vector<unsigned>{503, 503});
}

TEST_CASE_FIXTURE(http_relay_fixture,
                  "http relay: an http-ingress stays where it is if the target "
                  "is lost, and answers") {
  start_with({});
  auto home = placed_on("ingress");
  begin_migration("ingress", other());
  run(10);
  begin(home, "POST");
  kill(other());
  run_for(5s);

  CHECK(placed_on("ingress") == home);
  CHECK(statuses == std::vector<unsigned>{201});
  CHECK(ask(home, "POST") == 201);
}

TEST_CASE_FIXTURE(http_relay_fixture,
                  "http relay: works without the orchestrator, and forgets "
                  "what was stopped meanwhile") {
  start_with({});
  auto door = other();
  kill_domain("domain-1");

  CHECK(ask(door, "POST") == 201);
  begin_stop(status.id);
  run_for(1s);
  add_domain("domain-1");
  run_for(30s);

  CHECK(ask("door-1", "POST") == 404);
  CHECK(ask("door-2", "POST") == 404);
}

TEST_CASE_FIXTURE(http_relay_fixture,
                  "http relay: while a workflow stops, requests are answered, "
                  "or refused before they are executed") {
  start_with({});
  begin_stop(status.id);
  for (auto k = 0; k < 60; ++k) {
    begin(k % 2 == 0 ? "door-1" : "door-2", "POST");
    run(3);
  }
  run_for(limits::http_relayed_call);

  CHECK(statuses.size() == 60);
  for (auto x : statuses)
    CHECK((x == 201 || x == 503 || x == 404));
  CHECK(std::ranges::count(statuses, 404u) > 0);
}
