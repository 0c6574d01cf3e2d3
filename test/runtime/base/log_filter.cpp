// SPDX-License-Identifier: MIT
#include "runtime/base/log_filter.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("log filter: parses level names in either case") {
  CHECK(parse_log_level("off") == log_level::off);
  CHECK(parse_log_level("ERROR") == log_level::error);
  CHECK(parse_log_level("Warn") == log_level::warn);
  CHECK(parse_log_level("info") == log_level::info);
  CHECK(parse_log_level("debug") == log_level::debug);
  CHECK(parse_log_level("trace") == log_level::trace);
  CHECK(to_string(log_level::trace) == "trace");
}

TEST_CASE("log filter: refuses other names of levels") {
  CHECK(!parse_log_level(""));
  CHECK(!parse_log_level("warning"));
  CHECK(!parse_log_level("info "));
}

TEST_CASE("log filter: RUST_LOG sets the global level and that of targets") {
  auto filter = parse_log_filter("warn, edgeless_orc=trace,ingress=off");

  REQUIRE(filter);
  CHECK(filter->global == log_level::warn);
  CHECK(level_for(*filter, "edgeless_inabox", "node") == log_level::warn);
  CHECK(level_for(*filter, "edgeless_inabox", "proxy") == log_level::trace);
  CHECK(level_for(*filter, "edgeless_orc_d", "transport") == log_level::trace);
  CHECK(level_for(*filter, "edgeless_node_d", "ingress") == log_level::off);
  CHECK(most_verbose(*filter) == log_level::trace);
}

TEST_CASE(
  "log filter: a target without a level means trace, a path its first part") {
  auto filter = parse_log_filter("edgeless_con,edgeless_node::agent=debug");

  REQUIRE(filter);
  CHECK(filter->global == log_level::info);
  CHECK(filter->targets.at("edgeless_con") == log_level::trace);
  CHECK(filter->targets.at("edgeless_node") == log_level::debug);
}

TEST_CASE("log filter: an empty RUST_LOG changes nothing") {
  CHECK(*parse_log_filter("") == log_filter{});
  CHECK(*parse_log_filter(" , ") == log_filter{});
}

TEST_CASE("log filter: names a directive whose level is unknown") {
  auto filter = parse_log_filter("info,edgeless_orc=loud");

  REQUIRE(!filter);
  CHECK(explain(filter.error()).starts_with("\"edgeless_orc=loud\": "));
}

TEST_CASE(
  "log filter: refuses a level without a target before its equals sign") {
  CHECK(!parse_log_filter("=debug"));
}
