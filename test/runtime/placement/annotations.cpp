// SPDX-License-Identifier: MIT
#include "runtime/placement/annotations.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

using lines = std::vector<std::string>;

namespace {

lines faults(const settings_map& annotations) {
  return annotation_faults(component_kind::function, annotations);
}

} // namespace

TEST_CASE("a function without annotations gets the default limits") {
  auto limits = guest_limits_of({});

  CHECK(limits.memory == 1024u << 20);
  CHECK(limits.deadline == 10s);
  CHECK(limits.call_deadline == 5s);
  CHECK(state_policy_of({}) == state_policy::node_local);
  CHECK(init_payload_of({}) == "");
}

TEST_CASE("annotations set what a function gets") {
  settings_map settings{{"init-payload", "period=1000"},
                        {"memory_limit_mib", "64"},
                        {"timeout_ms", "250"},
                        {"call_timeout_ms", "100"},
                        {"state_policy", "Global"}};
  auto limits = guest_limits_of(settings);

  CHECK(limits.memory == 64u << 20);
  CHECK(limits.deadline == 250ms);
  CHECK(limits.call_deadline == 100ms);
  CHECK(state_policy_of(settings) == state_policy::global);
  CHECK(init_payload_of(settings) == "period=1000");
  CHECK(faults(settings).empty());
}

TEST_CASE("a value that makes no sense is a fault, and the default holds") {
  settings_map settings{{"memory_limit_mib", "0"}, {"timeout_ms", "-1"}};

  CHECK(guest_limits_of(settings).memory == 1024u << 20);
  CHECK(guest_limits_of(settings).deadline == 10s);
  CHECK(faults(settings)
        == lines{"memory_limit_mib \"0\" is not a number from 1 to 4096",
                 "timeout_ms \"-1\" is not a number from 1 to 86400000"});
}

TEST_CASE("every fault is named at once") {
  settings_map settings{{"max_instances", "many"},
                        {"call_timeout_ms", "1e3"},
                        {"state_policy", "nodelocal"},
                        {"isolation", "Process"},
                        {"node_id_match_any", "no-id"}};

  CHECK(
    faults(settings)
    == lines{"call_timeout_ms \"1e3\" is not a number from 1 to 86400000",
             "max_instances \"many\" is not a number",
             "state_policy \"nodelocal\" is not one of NodeLocal, Transient, "
             "Global",
             "isolation \"Process\" is not one of shared, process",
             "node_id_match_any: \"no-id\" is not a UUID"});
}

TEST_CASE("an empty node_id_match_any names nobody") {
  CHECK(faults({{"node_id_match_any", ""}}).empty());
}

TEST_CASE("a resource may call its own configurations as it likes") {
  settings_map configurations{{"timeout_ms", "never"}};
  CHECK(annotation_faults(component_kind::resource, configurations).empty());
}

TEST_CASE("a resource cannot ask for a node that has no UUID") {
  settings_map configurations{{"node_id_match_any", "x"}};
  CHECK(annotation_faults(component_kind::resource, configurations)
        == lines{"node_id_match_any: \"x\" is not a UUID"});
}

TEST_CASE("keys of others are none of our business") {
  CHECK(faults({{"filename", "x"}, {"alpha", "-7"}}).empty());
}

TEST_CASE("a list keeps its blanks and its empty items") {
  CHECK(split_list("a, b,") == std::vector<std::string_view>{"a", " b", ""});
  CHECK(split_list("") == std::vector<std::string_view>{""});
}

TEST_CASE("a number is a number as a whole") {
  CHECK(parse_number("0") == 0u);
  CHECK(parse_number("18446744073709551615") == ~0ull);
  CHECK(!parse_number("18446744073709551616"));
  CHECK(!parse_number("12 "));
  CHECK(!parse_number("+1"));
  CHECK(!parse_number(""));
}

TEST_CASE("a function shares its process unless it says otherwise") {
  CHECK(isolation_of({}) == isolation::shared);
  CHECK(isolation_of({{"isolation", "shared"}}) == isolation::shared);
  CHECK(isolation_of({{"isolation", "process"}}) == isolation::process);
  CHECK(isolation_of({{"isolation", "container"}}) == isolation::shared);
}

TEST_CASE("who may have to wait for room is known from its annotations") {
  CHECK(guest_limits_of({{"on_full.out", "block"}}).may_block);
  CHECK(guest_limits_of({{"delivery.out", "at-least-once"}}).may_block);
  CHECK(!guest_limits_of({{"on_full.out", "drop-oldest"}}).may_block);
  CHECK(!guest_limits_of({}).may_block);
}
