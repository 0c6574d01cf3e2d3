// SPDX-License-Identifier: MIT
#include "runtime/delivery/channel_policy.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

using lines = std::vector<std::string>;

TEST_CASE("channel policy: defaults yield no entry") {
  CHECK(channel_policies_of({{"timeout_ms", "10"}}).empty());
  CHECK(channel_policies_of(
          {{"on_full.out", "drop-newest"}, {"delivery.out", "at-most-once"}})
          .empty());
}

TEST_CASE("channel policy: each channel has its own policy") {
  auto all = channel_policies_of({{"on_full.a", "drop-oldest"},
                                  {"on_full.b", "block"},
                                  {"delivery.b", "at-least-once"},
                                  {"delivery.with.dots", "at-least-once"}});

  REQUIRE(all.size() == 3);
  CHECK(all["a"] == channel_policy{full_policy::drop_oldest, false});
  CHECK(all["b"] == channel_policy{full_policy::block, true});
  CHECK(all["with.dots"] == channel_policy{full_policy::drop_newest, true});
}

TEST_CASE("channel policy: an invalid value is reported and ignored") {
  std::map<std::string, std::string> annotations{
    {"on_full.out", "drop"}, {"delivery.out", "exactly-once"}};

  CHECK(channel_policies_of(annotations).empty());
  CHECK(channel_faults(annotations, {})
        == lines{"delivery.out \"exactly-once\" is not one of at-most-once, "
                 "at-least-once",
                 "on_full.out \"drop\" is not one of drop-newest, drop-oldest, "
                 "block"});
}

TEST_CASE("channel policy: an unknown output is reported") {
  std::map<std::string, std::string> annotations{{"on_full.oui", "block"}};

  CHECK(channel_faults(annotations, {"out", "err"})
        == lines{"on_full.oui: the function has no output \"oui\""});
  CHECK(channel_faults(annotations, {"oui"}).empty());
  CHECK(channel_faults(annotations, {}).empty());
}

TEST_CASE("channel policy: the channel \"self\" has no policy") {
  std::map<std::string, std::string> annotations{{"delivery.", "at-least-once"},
                                                 {"on_full.self", "block"}};

  CHECK(channel_policies_of(annotations).empty());
  CHECK(channel_faults(annotations, {}).size() == 2);
}
