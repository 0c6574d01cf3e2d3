// SPDX-License-Identifier: MIT
#include "actors/connectors/http/http_ingress.hpp"

#include "test/fixtures/world.hpp"

#include "runtime/http/edgeless_json.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// An http-ingress on node-one, and a function on one of two other nodes.
struct http_ingress_fixture : world {
  http_ingress_fixture() {
    classes["http-ingress"]
      = std::make_shared<const resource_class>(http_ingress(router));
    add_node("node-one", providing("http-ingress"));
    classes.clear();
    for (auto name : {"node-two", "node-three"})
      add_node(name, labelled({"function"}));
    scripts["web"] = [](guest_host&, const guest_event& x) -> step {
      if (x.kind != hook::call)
        return {};
      if (x.payload.find("/die") != std::string::npos)
        return trap{"it was asked to"};
      if (x.payload.find("/none") != std::string::npos)
        return {};
      if (x.payload.find("/spin") != std::string::npos)
        return spin{};
      return finish{{event_kind::reply,
                     R"({"body":[79,75],"status":201,"headers":{"a":"b"}})"}};
    };
  }

  void start_with(std::map<std::string, std::string> configuration,
                  const std::string& script = "web") {
    auto source
      = test::resource("ingress", "http-ingress", std::move(configuration));
    source.output_mapping["new_request"] = "web";
    start({source, function("web", script, {{"out", "web"}},
                            {{"label_match_all", "function"}})});
  }

  /// Sends a request; its response is added to `statuses`.
  void begin(const std::string& method, const std::string& target,
             const std::string& body = "") {
    http_request x;
    x.method = method;
    x.target = target;
    x.host = "h";
    x.body = body;
    router->handle(x, http_responder{[to = seen_](http_response y) {
                     to->statuses.push_back(y.status);
                     to->last = std::move(y);
                   }});
  }

  unsigned ask(const std::string& method, const std::string& target,
               const std::string& body = "") {
    begin(method, target, body);
    run_until_idle();
    return statuses.empty() ? 0 : statuses.back();
  }

  std::shared_ptr<http_router> router = std::make_shared<http_router>();
  struct responses {
    std::vector<unsigned> statuses;
    http_response last;
  };
  /// The responders of instances outlive this.
  std::shared_ptr<responses> seen_ = std::make_shared<responses>();
  std::vector<unsigned>& statuses = seen_->statuses;
  http_response& last = seen_->last;
};

} // namespace

TEST_CASE_FIXTURE(http_ingress_fixture,
                  "http-ingress: the reply of the function is the response") {
  start_with({{"method", "GET,POST"}});

  CHECK(ask("POST", "/a") == 201);
  CHECK(last.body == "OK");
  REQUIRE(last.headers.size() == 2);
  CHECK(last.headers[0] == std::pair<std::string, std::string>{"a", "b"});
  CHECK(last.headers[1].first == "x-request-id");
  CHECK(ask("PUT", "/a") == 404);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(http_ingress_fixture,
                  "http-ingress: async casts the body and answers at once") {
  start_with({{"async", "true"}}, "sink");

  CHECK(ask("POST", "/a", "hello") == 200);

  CHECK(last.body == "OK");
  REQUIRE(journal.size() == 1);
  CHECK(journal[0].ends_with(" <- hello"));
}

TEST_CASE_FIXTURE(http_ingress_fixture,
                  "http-ingress: async may encode the body") {
  start_with({{"async", "true"}, {"encode_base64", "true"}}, "sink");

  ask("POST", "/a", "hello");

  REQUIRE(journal.size() == 1);
  CHECK(journal[0].ends_with(" <- aGVsbG8="));
}

TEST_CASE_FIXTURE(http_ingress_fixture,
                  "http-ingress: each failure has its status") {
  start_with({});

  CHECK(ask("POST", "/none") == 502);
  CHECK(ask("POST", "/die") == 502);
  run_for(2s);
  CHECK(ask("POST", "/a") == 201);
  CHECK(ask("POST", "/a", std::string(limits::http_body, 'x')) == 413);
}

TEST_CASE_FIXTURE(http_ingress_fixture,
                  "http-ingress: a function without a node is 503") {
  start_with({});
  kill(lines{"node-two", "node-three"});

  begin("POST", "/a");
  run_for(limits::http_call + 1s);

  CHECK(statuses == std::vector<unsigned>{503});
  CHECK(find_header(last.headers, "retry-after"));
}

TEST_CASE_FIXTURE(http_ingress_fixture,
                  "http-ingress: an invalid method does not start") {
  auto source = test::resource("ingress", "http-ingress", {{"method", "BREW"}});
  start({source});

  CHECK(status_of("ingress").phase != component_phase::running);
  CHECK(status_of("ingress").reason.find("BREW") != std::string::npos);
}

TEST_CASE_FIXTURE(http_ingress_fixture,
                  "http-ingress: a stopped workflow takes no requests") {
  start_with({});
  stop(status.id);
  run_for(2s);

  CHECK(ask("GET", "/a") == 404);
}

TEST_CASE_FIXTURE(http_ingress_fixture,
                  "http-ingress: no request fails during 100 migrations of the "
                  "function") {
  start_with({});
  for (auto i = 0; i < 100; ++i) {
    auto from = placed_on("web");
    begin_migration("web", from == "node-two" ? "node-three" : "node-two");
    for (auto k = 0; k < 8; ++k) {
      begin(k % 2 == 0 ? "GET" : "POST", "/a");
      run(5);
    }
    run_for(500ms);
    CHECK(placed_on("web") != from);
  }

  CHECK(statuses.size() == 800);
  CHECK(std::ranges::count(statuses, 201u) == 800);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(http_ingress_fixture,
                  "http-ingress: repeatable requests survive the death of the "
                  "function's node") {
  start_with({});
  auto home = placed_on("web");
  cut("node-one", home);
  begin("GET", "/a");
  begin("POST", "/a");
  run_until_idle();
  CHECK(statuses.empty());

  kill(home);
  run_for(limits::http_call);

  REQUIRE(statuses.size() == 2);
  CHECK(std::ranges::count(statuses, 201u) == 1);
  CHECK(std::ranges::count(statuses, 502u) == 1);
}
