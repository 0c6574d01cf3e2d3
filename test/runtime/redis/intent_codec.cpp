// SPDX-License-Identifier: MIT
#include "runtime/redis/intent_codec.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

const std::string lid = "cb314223-1021-428d-9df5-b73c53e258a2";
const std::string one = "fda6ce79-46df-4f96-a0d2-456f720f606c";
const std::string two = "fda6ce79-46df-4f96-a0d2-456f720f606d";

intent parsed(const std::string& key, const std::string& value) {
  auto result = parse_intent(key, value);
  REQUIRE_MESSAGE(result, key);
  return *result;
}

std::string problem(const std::string& key, const std::string& value) {
  auto result = parse_intent(key, value);
  REQUIRE_MESSAGE(!result, key);
  return explain(result.error());
}

} // namespace

TEST_CASE("intent codec: migrate names a component and one or several nodes") {
  auto x = parsed("intent:migrate:" + lid, one);
  CHECK(x.kind == intent_kind::migrate);
  CHECK(to_string(x.component) == lid);
  REQUIRE(x.nodes.size() == 1);
  CHECK(to_string(x.nodes[0]) == one);

  auto y = parsed("intent:migrate:" + lid, one + ", " + two + "\x20");
  REQUIRE(y.nodes.size() == 2);
  CHECK(to_string(y.nodes[1]) == two);
}

TEST_CASE("intent codec: cordon, uncordon and drain name a node") {
  CHECK(parsed("intent:cordon:" + one, "yes").kind == intent_kind::cordon);
  CHECK(parsed("intent:cordon:" + one, "no").kind == intent_kind::uncordon);
  CHECK(parsed("intent:drain:" + one, "yes").kind == intent_kind::drain);
  CHECK(parsed("intent:drain:" + one, "").kind == intent_kind::drain);
  CHECK(to_string(parsed("intent:drain:" + one, "yes").nodes.at(0)) == one);
}

TEST_CASE("intent codec: a missing value is an error") {
  CHECK(problem("intent:migrate:" + lid, "")
        == "\"intent:migrate:" + lid + "\" has no value");
  CHECK(problem("intent:cordon:" + one, " ").ends_with(" has no value"));
}

TEST_CASE("intent codec: a malformed intent is refused with one sentence") {
  CHECK(problem("", "")
        == "\"\" is not an intent key such as intent:migrate:COMPONENT");
  CHECK(problem("node:health:x", "")
        == "\"node:health:x\" is not an intent key such as "
           "intent:migrate:COMPONENT");
  CHECK(problem("intent:", "x") == "\"\" is not one of migrate, cordon, drain");
  CHECK(problem("intent:explode:" + lid, "x")
        == "\"explode\" is not one of migrate, cordon, drain");
  CHECK(problem("intent:migrate", one) == "\"\" is not a component id (UUID)");
  CHECK(problem("intent:migrate:f", one)
        == "\"f\" is not a component id (UUID)");
  CHECK(problem("intent:migrate:" + lid, "n")
        == "\"n\" is not a node id (UUID)");
  CHECK(problem("intent:migrate:" + lid, one + ",")
        == "\"\" is not a node id (UUID)");
  CHECK(problem("intent:cordon:n", "yes") == "\"n\" is not a node id (UUID)");
  CHECK(problem("intent:cordon:" + one, "perhaps")
        == "\"perhaps\" is neither yes nor no");
  CHECK(problem("intent:drain:" + one, "no") == "\"no\" is not yes");
}

TEST_CASE("intent codec: a very long intent is refused with a short sentence") {
  CHECK(problem("intent:migrate:" + lid, std::string(1u << 20, 'x')).size()
        < 200);
  CHECK(problem("intent:migrate:" + std::string(1u << 20, 'x'), one).size()
        < 200);
  CHECK(problem("intent:migrate:" + lid, one + "," + std::string(10'000, 'x'))
          .size()
        < 200);
}

TEST_CASE("intent codec: only keys of intents are intent keys") {
  CHECK(is_intent_key("intent:migrate:" + lid));
  CHECK(is_intent_key("intent:nonsense"));
  CHECK(!is_intent_key("node:health:" + one));
  CHECK(!is_intent_key("intent:result:" + lid));
  CHECK(!is_intent_key("intents"));
  CHECK(!is_intent_key("intent:" + std::string(limits::text, 'x')));
}

TEST_CASE("intent codec: the key of a result is never an intent key") {
  CHECK(intent_result_key("intent:migrate:" + lid) == "intent:result:" + lid);
  CHECK(intent_result_key("intent:drain:" + one) == "intent:result:" + one);
  CHECK(intent_result_key("intent:x") == "intent:result:x");
  CHECK(intent_result_key("hello") == "intent:result:hello");
  CHECK(intent_result_key(std::string(1u << 20, 'x')).size()
        <= limits::text + 20);
}

TEST_CASE("intent codec: a result is JSON, whatever the intent was") {
  CHECK(intent_result("intent:migrate:f\xff", "\"n\"", false, "no \"n\"",
                      std::chrono::system_clock::time_point{1725557090920ms})
        == R"({"intent":"intent:migrate:f?","value":"\"n\"",)"
           R"("outcome":"refused","reason":"no \"n\"","time":1725557090})");
  CHECK(intent_result("intent:drain:n", "yes", true, "moved", {})
        == R"({"intent":"intent:drain:n","value":"yes","outcome":"done",)"
           R"("reason":"moved","time":0})");
}

TEST_CASE("intent codec: white space around a value does not count") {
  auto component = "intent:migrate:fda6ce79-46df-4f96-a0d2-456f720f606c";
  auto node = std::string{"fda6ce79-46df-4f96-a0d2-456f720f606d"};
  auto plain = parse_intent(component, node);

  REQUIRE(plain);
  for (auto& value : {node + "\n", "\t " + node + "\r\n", " " + node}) {
    auto parsed = parse_intent(component, value);
    REQUIRE(parsed);
    CHECK(parsed->nodes == plain->nodes);
  }
  CHECK(!parse_intent(component, " \n"));
  CHECK(!parse_intent(component, node.substr(0, 8) + "\n" + node.substr(8)));
}
