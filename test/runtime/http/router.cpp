// SPDX-License-Identifier: MIT
#include "runtime/http/router.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <set>

using namespace edgeless;

namespace {

using configuration = std::map<std::string, std::string>;

struct http_router_fixture {
  void add(const std::string& name, const configuration& x) {
    auto route = http_route_of(x, "1234");
    REQUIRE(route);
    router.add(*route, [name](http_request, http_responder respond) {
      respond({200, {}, name});
    });
  }

  http_response ask(const std::string& method, const std::string& target,
                    const std::string& host = "h:80") {
    // What is not answered now may be later.
    auto result = std::make_shared<http_response>();
    http_request x;
    x.method = method;
    x.target = target;
    x.host = host;
    router.handle(x, http_responder{[result](http_response y) {
                    *result = std::move(y);
                  }});
    return *result;
  }

  http_router router;
};

} // namespace

TEST_CASE_FIXTURE(http_router_fixture, "http router: no route is 404") {
  CHECK(ask("GET", "/").status == 404);
  CHECK(ask("GET", "/").body == "Not Found");
}

TEST_CASE_FIXTURE(http_router_fixture,
                  "http router: a host matches with and without its port") {
  add("a", {{"host", "demo.edgeless.com"}});

  CHECK(ask("GET", "/", "demo.edgeless.com").body == "a");
  CHECK(ask("GET", "/", "Demo.Edgeless.com:7035").body == "a");
  CHECK(ask("GET", "/", "edgeless.com").status == 404);
  CHECK(ask("GET", "/", "").status == 404);
}

TEST_CASE_FIXTURE(http_router_fixture,
                  "http router: methods are those of `method` or `methods`") {
  add("new", {{"host", "a"}, {"method", "POST,PUT"}});
  add("old", {{"host", "b"}, {"methods", "POST"}});

  CHECK(ask("PUT", "/", "a").body == "new");
  CHECK(ask("GET", "/", "a").status == 404);
  CHECK(ask("POST", "/", "b").body == "old");
  CHECK(ask("PUT", "/", "b").status == 404);
}

TEST_CASE_FIXTURE(http_router_fixture,
                  "http router: wf_id selects the workflow in the query") {
  add("a", {{"wf_id", "True"}});

  CHECK(ask("GET", "/x?wf_id=1234").body == "a");
  CHECK(ask("GET", "/?b=c&wf_id=1234&d").body == "a");
  CHECK(ask("GET", "/?wf_id=12345").status == 404);
  CHECK(ask("GET", "/?xwf_id=1234").status == 404);
  CHECK(ask("GET", "/wf_id=1234").status == 404);
}

TEST_CASE_FIXTURE(http_router_fixture,
                  "http router: several that match share the requests") {
  add("a", {});
  add("b", {});
  std::map<std::string, int> answers;

  for (auto i = 0; i < 1000; ++i)
    ++answers[ask("GET", "/").body];

  CHECK(answers["a"] + answers["b"] == 1000);
  CHECK(answers["a"] > 400);
  CHECK(answers["b"] > 400);
}

TEST_CASE_FIXTURE(http_router_fixture,
                  "http router: OPTIONS names the methods, others are 501") {
  add("a", {{"method", "POST,GET"}});

  auto reply = ask("OPTIONS", "/");
  CHECK(reply.status == 204);
  REQUIRE(find_header(reply.headers, "allow"));
  CHECK(*find_header(reply.headers, "allow") == "OPTIONS, GET, POST");
  CHECK(ask("TRACE", "/").status == 501);
}

TEST_CASE_FIXTURE(http_router_fixture, "http router: a removed route is gone") {
  auto number = router.add({}, [](http_request, http_responder respond) {
    respond({200, {}, "x"});
  });
  CHECK(ask("GET", "/").status == 200);

  router.remove(number);

  CHECK(ask("GET", "/").status == 404);
}

TEST_CASE("http router: an unknown method in a configuration is an error") {
  auto route = http_route_of({{"method", "GET,BREW"}}, "");

  REQUIRE(!route);
  CHECK(explain(route.error())
        == "http-ingress: configuration `method`: \"BREW\" is none of GET, "
           "HEAD, POST, PUT, DELETE, PATCH");
}

TEST_CASE_FIXTURE(http_router_fixture,
                  "http router: a request id is taken or made, and returned") {
  http_headers seen;
  router.add({}, [&](const http_request& x, const http_responder& respond) {
    seen = x.headers;
    respond({200, {{"X-Request-Id", "of the function"}}, {}});
  });
  auto ask_with = [&](http_headers headers) {
    http_response result;
    http_request x{"GET", "/", "h", std::move(headers), {}};
    router.handle(x, http_responder{[&](http_response y) {
                    result = std::move(y);
                  }});
    REQUIRE(result.headers.size() == 1);
    CHECK(result.headers[0].first == "x-request-id");
    CHECK(*find_header(seen, "x-request-id") == result.headers[0].second);
    return result.headers[0].second;
  };

  CHECK(ask_with({{"X-Request-ID", "a-1"}}) == "a-1");
  auto made = ask_with({});
  CHECK(made.size() == 32);
  CHECK(made != ask_with({}));
  CHECK(ask_with({{"x-request-id", "a b"}}).size() == 32);
  CHECK(ask_with({{"x-request-id", std::string(129, 'a')}}).size() == 32);
  CHECK(seen.size() == 1);
}

TEST_CASE_FIXTURE(http_router_fixture,
                  "http router: traceparent reaches the function unchanged") {
  const std::string trace
    = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  std::string seen;
  router.add({}, [&](const http_request& x, const http_responder& respond) {
    seen = *find_header(x.headers, "traceparent");
    respond({200, {}, {}});
  });
  http_request x{"GET", "/", "h", {{"traceparent", trace}}, {}};
  router.handle(x, http_responder{[](const http_response&) {
                }});

  CHECK(seen == trace);
}

TEST_CASE_FIXTURE(http_router_fixture,
                  "http router: takes the routes of this node first") {
  auto number
    = router.add({}, [](const http_request&, const http_responder& respond) {
        respond({200, {}, "direct"});
      });
  router.add(
    {},
    [](const http_request&, const http_responder& respond) {
      respond({200, {}, "relayed"});
    },
    {}, http_reach::relayed);

  for (auto i = 0; i < 20; ++i)
    CHECK(ask("GET", "/").body == "direct");
  router.remove(number);
  CHECK(ask("GET", "/").body == "relayed");
}

TEST_CASE_FIXTURE(http_router_fixture,
                  "http router: counts the requests of each workflow while it "
                  "has a route") {
  std::vector<http_responder> waiting;
  auto later = [&](const http_request&, const http_responder& respond) {
    waiting.push_back(respond);
  };
  auto number = router.add({"a", {}, {}}, later, "one");
  router.add({"b", {}, {}}, later, "two");
  for (auto host : {"a", "a", "a", "b"})
    ask("GET", "/", host);
  waiting[0]({201, {}, {}});
  waiting[1]({502, {}, {}});
  auto page = [&] {
    return print_metrics([&](metrics_page& x) { router.add_metrics(x); });
  };
  auto has = [&](const std::string& line) {
    return page().find("edgeless_http_ingress_" + line + "\n")
           != std::string::npos;
  };

  CHECK(has("requests_under_way{workflow=\"one\"} 1"));
  CHECK(has("requests_under_way{workflow=\"two\"} 1"));
  CHECK(has("requests_total{workflow=\"one\",status=\"2xx\"} 1"));
  CHECK(has("requests_total{workflow=\"one\",status=\"5xx\"} 1"));
  CHECK(has("requests_total{workflow=\"two\",status=\"5xx\"} 0"));
  CHECK(has("request_seconds_count{workflow=\"one\"} 2"));
  router.remove(number);
  CHECK(page().find("\"one\"") == std::string::npos);
  CHECK(has("requests_under_way{workflow=\"two\"} 1"));
}
