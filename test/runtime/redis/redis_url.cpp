// SPDX-License-Identifier: MIT
#include "runtime/redis/redis_url.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

namespace {

redis_url at(const std::string& path, const std::string& host = "",
             std::uint16_t port = 6379, const std::string& user = "",
             const std::string& password = "", std::uint32_t database = 0) {
  return {path, host, port, user, password, database};
}

redis_url parsed(std::string_view text) {
  auto result = parse_redis_url(text);
  REQUIRE_MESSAGE(result, text);
  return *result;
}

std::string problem(std::string_view text) {
  auto result = parse_redis_url(text);
  REQUIRE_MESSAGE(!result, text);
  return explain(result.error());
}

} // namespace

TEST_CASE("redis_url: names host, port, database, user and password") {
  CHECK(parsed("redis://localhost") == at("", "localhost", 6379));
  CHECK(parsed("redis://10.0.0.1:7000/") == at("", "10.0.0.1", 7000));
  CHECK(parsed("redis://[::1]:7000/3") == at("", "::1", 7000, "", "", 3));
  CHECK(parsed("redis://[::1]") == at("", "::1", 6379));
  CHECK(parsed("redis://:secret@h/1") == at("", "h", 6379, "", "secret", 1));
  CHECK(parsed("redis://ann:a%40b%2Fc@h") == at("", "h", 6379, "ann", "a@b/c"));
}

TEST_CASE("redis_url: may name a Unix socket") {
  CHECK(parsed("unix:/run/r.sock") == at("/run/r.sock"));
  CHECK(parsed("unix:///run/r.sock") == at("/run/r.sock"));
  CHECK(parsed("redis+unix:///run/r.sock?db=2&pass=x&user=ann")
        == at("/run/r.sock", "", 6379, "ann", "x", 2));
}

TEST_CASE("redis_url: an invalid URL is refused without its password") {
  for (auto text : {"",
                    "redis",
                    "http://h",
                    "redis://",
                    "redis://h:0",
                    "redis://h:x",
                    "redis://h:70000",
                    "redis://h/x",
                    "redis://h/-1",
                    "redis://secret@h",
                    "redis://:%secret@h",
                    "redis://:secret@",
                    "rediss://:secret@h",
                    "unix:",
                    "unix:?pass=secret",
                    "unix:/a?db=",
                    "unix:/a?db=x",
                    "unix:/a?nonsense",
                    "unix:/a?&",
                    "unix:/a?pass=%"}) {
    auto text_of_problem = problem(text);
    CHECK(text_of_problem.find("redis://127.0.0.1:6379") != std::string::npos);
    CHECK(text_of_problem.find("secret") == std::string::npos);
  }
  CHECK(problem("unix:/" + std::string(200, 'x')).find("too long")
        != std::string::npos);
}

TEST_CASE("redis_url: the address is printed without the password") {
  CHECK(to_string(parsed("redis://ann:secret@h:1/2")) == "redis://h:1/2");
  CHECK(to_string(parsed("redis://:secret@[::1]")) == "redis://[::1]:6379");
  CHECK(to_string(parsed("unix:/a?pass=secret&db=1")) == "unix:/a?db=1");
}
