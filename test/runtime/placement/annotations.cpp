// SPDX-License-Identifier: MIT
#include "runtime/placement/annotations.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

using lines = std::vector<std::string>;

namespace {

lines faults(const settings_map& annotations) {
  return invalid_annotations(component_kind::function, annotations);
}

} // namespace

TEST_CASE(
  "annotations: a function without annotations gets the default limits") {
  auto limits = guest_limits_of({});

  CHECK(limits.memory == 1024u << 20);
  CHECK(limits.deadline == 10s);
  CHECK(limits.call_deadline == 5s);
  CHECK(state_policy_of({}) == state_policy::node_local);
  CHECK(init_payload_of({}) == "");
}

TEST_CASE("annotations: set the limits of a function") {
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

TEST_CASE("annotations: an invalid value is a fault, and the default applies") {
  settings_map settings{{"memory_limit_mib", "0"}, {"timeout_ms", "-1"}};

  CHECK(guest_limits_of(settings).memory == 1024u << 20);
  CHECK(guest_limits_of(settings).deadline == 10s);
  CHECK(faults(settings)
        == lines{"memory_limit_mib \"0\" is not a number from 1 to 4096",
                 "timeout_ms \"-1\" is not a number from 1 to 86400000"});
}

TEST_CASE("annotations: all faults are reported at once") {
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
             "Global, Memory",
             "isolation \"Process\" is not one of shared, process",
             "node_id_match_any: \"no-id\" is not a UUID"});
}

TEST_CASE("annotations: an empty node_id_match_any is no fault") {
  CHECK(faults({{"node_id_match_any", ""}}).empty());
}

TEST_CASE(
  "annotations: the configurations of a resource are not checked as limits") {
  settings_map configurations{{"timeout_ms", "never"}};
  CHECK(invalid_annotations(component_kind::resource, configurations).empty());
}

TEST_CASE("annotations: node_id_match_any of a resource takes UUIDs only") {
  settings_map configurations{{"node_id_match_any", "x"}};
  CHECK(invalid_annotations(component_kind::resource, configurations)
        == lines{"node_id_match_any: \"x\" is not a UUID"});
}

TEST_CASE("annotations: unknown keys are ignored") {
  CHECK(faults({{"filename", "x"}, {"alpha", "-7"}}).empty());
}

TEST_CASE("annotations: a list keeps its blanks and its empty items") {
  CHECK(split_list("a, b,") == std::vector<std::string_view>{"a", " b", ""});
  CHECK(split_list("") == std::vector<std::string_view>{""});
}

TEST_CASE("annotations: a number is parsed as a whole") {
  CHECK(parse_number("0") == 0u);
  CHECK(parse_number("18446744073709551615") == ~0ull);
  CHECK(!parse_number("18446744073709551616"));
  CHECK(!parse_number("12 "));
  CHECK(!parse_number("+1"));
  CHECK(!parse_number(""));
}

TEST_CASE("annotations: the default isolation is shared") {
  CHECK(isolation_of({}) == isolation::shared);
  CHECK(isolation_of({{"isolation", "shared"}}) == isolation::shared);
  CHECK(isolation_of({{"isolation", "process"}}) == isolation::process);
  CHECK(isolation_of({{"isolation", "container"}}) == isolation::shared);
}

TEST_CASE("annotations: tell whether a function may block on a full inbox") {
  CHECK(guest_limits_of({{"on_full.out", "block"}}).may_block);
  CHECK(guest_limits_of({{"delivery.out", "at-least-once"}}).may_block);
  CHECK(!guest_limits_of({{"on_full.out", "drop-oldest"}}).may_block);
  CHECK(!guest_limits_of({}).may_block);
}

TEST_CASE("annotations: hibernation and checkpoints") {
  using namespace std::chrono_literals;
  CHECK(state_policy_of({{"state_policy", "Memory"}}) == state_policy::memory);
  CHECK(is_kept_by_domain(state_policy::memory));
  CHECK(is_kept_by_domain(state_policy::global));
  CHECK(!is_kept_by_domain(state_policy::node_local));
  CHECK(!hibernate_after_of({}));
  CHECK(hibernate_after_of({{"hibernate_after_ms", "0"}}) == 0ms);
  CHECK(hibernate_after_of({{"hibernate_after_ms", "1500"}}) == 1500ms);
  CHECK(checkpoint_pause_of({}) == 1000ms);
  CHECK(checkpoint_pause_of({{"checkpoint_ms", "200"}}) == 200ms);
  // A smaller one would only cost.
  CHECK(checkpoint_pause_of({{"checkpoint_ms", "1"}}) == 10ms);
  CHECK(faults({{"hibernate_after_ms", "-1"}, {"checkpoint_ms", "0"}})
        == lines{"hibernate_after_ms \"-1\" is not a number from 0 to 86400000",
                 "checkpoint_ms \"0\" is not a number from 1 to 86400000"});
}
