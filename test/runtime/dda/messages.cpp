// SPDX-License-Identifier: MIT
#include "runtime/dda/messages.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

namespace {

using dda_kind = dda_request::kind;

const dda_publications dda_aliases{{"e", {"com.e", "event"}},
                                   {"a", {"com.a", "action"}},
                                   {"q", {"com.q", "query"}}};

dda_request read_dda_request(const std::string& text) {
  auto made = dda_request_of(text, dda_aliases);
  REQUIRE_MESSAGE(made, explain(made.error()));
  return *made;
}

std::string dda_request_fault(const std::string& text) {
  auto made = dda_request_of(text, dda_aliases);
  REQUIRE(!made);
  return explain(made.error());
}

bool has_part(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("dda messages: an alias stands for a topic") {
  auto x = read_dda_request(R"({"ComPublishEvent":["e",[104,0,255]]})");
  CHECK(x.what == dda_kind::publish_event);
  CHECK(x.name == "com.e");
  CHECK(x.data == std::string("h\0\xff", 3));
  CHECK(read_dda_request(R"({"ComPublishAction":["a",[]]})").name == "com.a");
  CHECK(read_dda_request(R"({"ComPublishQuery":["q",[]]})").what
        == dda_kind::publish_query);
  CHECK(has_part(dda_request_fault(R"({"ComPublishEvent":["x",[]]})"),
                 "no alias \"x\" with the pattern event"));
  CHECK(has_part(dda_request_fault(R"({"ComPublishEvent":["a",[]]})"),
                 "no alias \"a\""));
}

TEST_CASE("dda messages: all other requests") {
  auto x = read_dda_request(R"({"ComPublishActionResult":["id",[1]]})");
  CHECK(x.what == dda_kind::publish_action_result);
  CHECK(x.name == "id");
  CHECK(x.data == "\x01");
  CHECK(read_dda_request(R"({"StatePublishSet":["k",[118]]})").data == "v");
  CHECK(read_dda_request(R"({"StatePublishDelete":"k"})").name == "k");
  CHECK(read_dda_request(R"({"StoreGet":"k"})").what == dda_kind::store_get);
  CHECK(read_dda_request(R"({"StoreDeleteAll":[]})").what
        == dda_kind::store_delete_all);
  auto range = read_dda_request(R"({"StoreScanRange":["a","b"]})");
  CHECK(range.name == "a");
  CHECK(range.end == "b");
}

TEST_CASE("dda messages: what functions may get wrong is told") {
  for (auto text : {"", "1", "{}", R"("StoreDeleteAll")",
                    R"({"StoreGet":"a","StoreSet":"b"})"})
    CHECK(has_part(dda_request_fault(text), "no JSON object with one key"));
  CHECK(
    has_part(dda_request_fault(R"({"Other":1})"), "\"Other\" is no request"));
  for (auto text :
       {R"({"StoreGet":1})", R"({"StoreSet":["a"]})",
        R"({"StoreSet":["a",[256]]})", R"({"StoreSet":["a",[-1]]})",
        R"({"StoreSet":["a",["x"]]})", R"({"StoreSet":["a","b"]})",
        R"({"StoreDeleteAll":[1]})", R"({"StoreDeleteRange":["a"]})"})
    CHECK(has_part(dda_request_fault(text), "wrong fields"));
}

TEST_CASE("dda messages: replies and events are those of edgeless_dda") {
  dda_result result{"", "k", "hi"};
  CHECK(to_dda_reply(dda_kind::publish_event, result) == "");
  CHECK(to_dda_reply(dda_kind::publish_action, result)
        == R"({"ComSubscribeActionResult":[104,105]})");
  CHECK(to_dda_reply(dda_kind::publish_query, result)
        == R"({"ComSubscribeQueryResult":[104,105]})");
  CHECK(to_dda_reply(dda_kind::store_get, result)
        == R"({"StoreGetResult":[104,105]})");
  CHECK(to_dda_reply(dda_kind::store_scan_prefix, result)
        == R"({"StoreScanPrefixResult":["k",[104,105]]})");
  CHECK(to_dda_reply(dda_kind::store_scan_range, {})
        == R"({"StoreScanRangeResult":["",[]]})");
  using pattern = dda_subscription::pattern;
  dda_message message{"id", "hi", true};
  CHECK(to_dda_event(pattern::event, message)
        == R"({"ComSubscribeEvent":[104,105]})");
  CHECK(to_dda_event(pattern::action, message)
        == R"({"ComSubscribeAction":["id",[104,105]]})");
  CHECK(to_dda_event(pattern::query, message)
        == R"({"ComSubscribeQuery":["id",[104,105]]})");
  CHECK(to_dda_event(pattern::input, message)
        == R"({"StateSubscribeSet":["id",[104,105]]})");
  CHECK(to_dda_event(pattern::membership, message)
        == R"({"StateSubscribeMembershipChange":["id",true]})");
  message.is_set = false;
  CHECK(to_dda_event(pattern::input, message)
        == R"({"StateSubscribeDelete":"id"})");
  CHECK(to_dda_event(pattern::event, {}) == R"({"ComSubscribeEvent":[]})");
}

TEST_CASE("dda messages: mappings") {
  auto routes = dda_routes_of(
    R"([{"topic":"t","pattern":"query","method":"call","target":"f"}])");
  REQUIRE(routes);
  REQUIRE(routes->size() == 1);
  CHECK(routes->at(0).from.what == dda_subscription::pattern::query);
  CHECK(routes->at(0).from.type == "t");
  CHECK(routes->at(0).is_call);
  CHECK(routes->at(0).target == "f");
  CHECK(dda_routes_of("[]"));
  auto fault = [](const std::string& text) {
    auto made = dda_routes_of(text);
    REQUIRE(!made);
    return explain(made.error());
  };
  CHECK(
    has_part(fault("{}"), "`dda_com_subscription_mapping` is no JSON array"));
  // The keys of EDGELESS' example dda_demo, which are not read there either.
  CHECK(has_part(fault(R"([{"ddatopic":"a"}])"), "item 1 has no text `topic`"));
  CHECK(has_part(
    fault(R"([{"topic":"t","pattern":"x","method":"cast","target":"f"}])"),
    "the pattern \"x\" is none of event"));
  CHECK(has_part(
    fault(R"([{"topic":"t","pattern":"event","method":"x","target":"f"}])"),
    "neither cast nor call"));
  std::string item = R"({"topic":"t","pattern":"event","method":"cast",)"
                     R"("target":"f"})";
  CHECK(has_part(fault("[" + item + "," + item + "]"), "are there twice"));
  std::string many;
  for (auto i = 0; i < 65; ++i)
    many += (i ? "," : "") + item;
  CHECK(has_part(fault("[" + many + "]"), "more than 64"));
  auto publications
    = dda_publications_of(R"([{"topic":"t","pattern":"event","alias":"a"}])");
  REQUIRE(publications);
  CHECK(publications->at("a").topic == "t");
  auto twice
    = dda_publications_of(R"([{"topic":"t","pattern":"event","alias":"a"},)"
                          R"({"topic":"u","pattern":"event","alias":"a"}])");
  REQUIRE(!twice);
  CHECK(has_part(explain(twice.error()), "the alias \"a\" is there twice"));
}
