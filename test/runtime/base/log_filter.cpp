// SPDX-License-Identifier: MIT
#include "runtime/base/log_filter.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("every level has a name that is read in either case") {
  CHECK(parse_log_level("off") == log_level::off);
  CHECK(parse_log_level("ERROR") == log_level::error);
  CHECK(parse_log_level("Warn") == log_level::warn);
  CHECK(parse_log_level("info") == log_level::info);
  CHECK(parse_log_level("debug") == log_level::debug);
  CHECK(parse_log_level("trace") == log_level::trace);
  CHECK(to_string(log_level::trace) == "trace");
}

TEST_CASE("what is not the name of a level is none") {
  CHECK(!parse_log_level(""));
  CHECK(!parse_log_level("warning"));
  CHECK(!parse_log_level("info "));
}

TEST_CASE("RUST_LOG sets the level of all, and that of some") {
  auto filter = parse_log_filter("warn, edgeless_orc=trace,gate=off");

  REQUIRE(filter);
  CHECK(filter->global == log_level::warn);
  CHECK(level_for(*filter, "edgeless_inabox", "node") == log_level::warn);
  CHECK(level_for(*filter, "edgeless_inabox", "proxy") == log_level::trace);
  CHECK(level_for(*filter, "edgeless_orc_d", "wire") == log_level::trace);
  CHECK(level_for(*filter, "edgeless_node_d", "gate") == log_level::off);
  CHECK(loudest(*filter) == log_level::trace);
}

TEST_CASE("a target alone means all of it, and a path its first part") {
  auto filter = parse_log_filter("edgeless_con,edgeless_node::agent=debug");

  REQUIRE(filter);
  CHECK(filter->global == log_level::info);
  CHECK(filter->targets.at("edgeless_con") == log_level::trace);
  CHECK(filter->targets.at("edgeless_node") == log_level::debug);
}

TEST_CASE("an empty RUST_LOG leaves everything as it is") {
  CHECK(*parse_log_filter("") == log_filter{});
  CHECK(*parse_log_filter(" , ") == log_filter{});
}

TEST_CASE("a directive with no level of that name is refused by name") {
  auto filter = parse_log_filter("info,edgeless_orc=loud");

  REQUIRE(!filter);
  CHECK(explain(filter.error()).starts_with("\"edgeless_orc=loud\": "));
}

TEST_CASE("a level without a target before its equals sign is refused") {
  CHECK(!parse_log_filter("=debug"));
}
