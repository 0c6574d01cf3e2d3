// SPDX-License-Identifier: MIT
#include "runtime/http/access_log.hpp"

#include "test/runtime/http/http_fixture.hpp"

using namespace edgeless;
using namespace edgeless::test;

TEST_CASE("access log: a line has all fields, escaped and bounded") {
  http_access x;
  x.client = "[::1]:80";
  x.method = "GET";
  x.host = "h";
  x.target = "/a b\n\"status=200";
  x.agent = std::string(limits::http_log_field + 1, 'x');
  x.status = 404;
  x.bytes = 9;
  x.time = 1500us;
  x.request_id = "id";

  auto line = access_line(x);

  CHECK(line.starts_with(
    "request client=[::1]:80 method=GET host=h "
    "target=/a\\x20b\\x0a\\x22status=200 status=404 bytes=9 ms=1.500000 "
    "workflow=- id=id agent=xxx"));
  CHECK(line.ends_with("xxx..."));
  CHECK(line.size() < 200 + limits::http_log_field);
}

TEST_CASE("access log: the mode is one of three") {
  CHECK(parse_access_log_mode("none") == access_log_mode::none);
  CHECK(parse_access_log_mode("errors") == access_log_mode::errors);
  CHECK(parse_access_log_mode("all") == access_log_mode::all);
  CHECK(!parse_access_log_mode("some"));
  CHECK(!access_log(access_log_mode::none));
  CHECK(access_log(access_log_mode::errors));
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "access log: the server tells of each response") {
  std::vector<http_access> seen;
  http_server_options options;
  options.on_response = [&](const http_access& x) {
    std::unique_lock guard{mutex};
    seen.push_back(x);
  };
  handler = [](const http_request&, const http_responder& respond) {
    respond({201, {{"x-request-id", "7"}}, "body", "the workflow"});
  };
  start(options);

  ask("GET /a HTTP/1.1\r\nHost: h\r\nUser-Agent: test\r\n\r\nnonsense\r\n\r\n");

  server.reset();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].client.starts_with("127.0.0.1:"));
  CHECK(seen[0].method == "GET");
  CHECK(seen[0].host == "h");
  CHECK(seen[0].target == "/a");
  CHECK(seen[0].agent == "test");
  CHECK(seen[0].status == 201);
  CHECK(seen[0].bytes == 4);
  CHECK(seen[0].workflow == "the workflow");
  CHECK(seen[0].request_id == "7");
  CHECK(seen[1].status == 400);
  CHECK(seen[1].method == "");
  CHECK(seen[1].client == seen[0].client);
}
