// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

#include "runtime/http/base64.hpp"

#include <cstdint>

using namespace edgeless;
using edgeless::test::guest_instance;
using edgeless::test::lines;
using edgeless::test::shared_isolation;

namespace {

struct function_instance : guest_instance<shared_isolation> {
  using guest_instance::guest_instance;

  /// What it has sent since the last time, without its log.
  lines sent() {
    lines result;
    for (auto& x : std::exchange(host.journal, {}))
      if (!x.starts_with("log "))
        result.push_back(x);
    return result;
  }

  void answer_calls(const std::string& text) {
    host.immediate_result
      = caf::expected<call_result>{call_result{event_kind::reply, text}};
  }
};

} // namespace

TEST_CASE("sensor_simulator: a random number of its range each period") {
  function_instance x{"sensor_simulator"};
  x.handle(hook::init, "period=100,min-value=-10,max-value=10,seed=42");
  CHECK(x.sent() == lines{"self: "});
  std::uint32_t seed = 42;
  for (auto i = 0; i < 100; ++i) {
    x.handle(hook::cast);
    auto sent = x.sent();
    REQUIRE(sent.size() == 2);
    // The generator of EDGELESS.
    seed = (1103515245 * seed + 12345) & 0x7fffffff;
    auto expected = static_cast<float>(seed) / 2147483648.F * 20 - 10;
    REQUIRE(sent[0].starts_with("output: "));
    CHECK(std::stof(sent[0].substr(8)) == expected);
    CHECK(sent[1] == "in 100 self: ");
  }
}

TEST_CASE("sensor_simulator: from 0 to 1 each second without a payload") {
  function_instance x{"sensor_simulator"};
  x.handle(hook::init);
  x.handle(hook::cast);
  auto sent = x.sent();
  REQUIRE(sent.size() == 3);
  auto value = std::stof(sent[1].substr(8));
  CHECK(value >= 0);
  CHECK(value < 1);
  CHECK(sent[2] == "in 1000 self: ");
}

TEST_CASE("load_balance: its outputs in turn, from the second on") {
  function_instance x{"load_balance"};
  x.handle(hook::init, "num_outputs=3");
  for (auto text : {"a", "b", "c", "d"})
    x.handle(hook::cast, text);
  CHECK(x.sent() == lines{"out2: a", "out3: b", "out1: c", "out2: d"});
  x.handle(hook::call, "e");
  CHECK(x.host.results.back().kind == event_kind::error);
}

TEST_CASE("load_balance: without outputs nothing is sent") {
  for (auto payload : {"", "num_outputs=0", "num_outputs=x"}) {
    function_instance x{"load_balance"};
    x.handle(hook::init, payload);
    x.handle(hook::cast, "a");
    CHECK_MESSAGE(x.sent().empty(), payload);
  }
}

TEST_CASE("check_temperature: moves the arm by what is beyond 40 to 60") {
  function_instance x{"check_temperature"};
  x.answer_calls("");
  x.handle(hook::init);
  for (auto text :
       {"61.5", " 39\n", "40", "60", "hot", R"({"ComSubscribeEvent":[54,50]})",
        R"({"Other":[54]})", R"({"ComSubscribeEvent":[54,50]} x)"})
    x.handle(hook::cast, text);
  CHECK(x.sent()
        == lines{"call move_arm: checktemp:diff:1.5",
                 "call move_arm: checktemp:diff:-1",
                 "call move_arm: checktemp:diff:2"});
}

TEST_CASE("sqlx_test: the statements of EDGELESS") {
  function_instance x{"sqlx_test"};
  x.answer_calls("rows_affected: 1, last_insert_rowid: 1.");
  x.handle(hook::init, "42.0");
  CHECK(x.sent()
        == lines{"call database: INSERT INTO WorkflowState (id, metadata) "
                 "Values($1, '{\"foo\":42.0,\"bar\":\"initial\"}')"});
  x.handle(hook::cast, "16.5117");
  CHECK(x.sent()
        == lines{"call database: SELECT id, metadata FROM WorkflowState WHERE "
                 "id=$1",
                 "call database: UPDATE WorkflowState SET "
                 "metadata='{\"foo\":16.5117,\"bar\":\"subsequent\"}'  WHERE "
                 "id = $1"});
  x.handle(hook::stop);
  CHECK(x.sent()
        == lines{"call database: DELETE FROM WorkflowState WHERE id=$1"});
}

TEST_CASE("sqlx_test: without an old state nothing is updated") {
  function_instance x{"sqlx_test"};
  x.host.immediate_result
    = caf::expected<call_result>{call_result{event_kind::error, ""}};
  x.handle(hook::init, "1");
  x.handle(hook::cast, "2");
  // Two attempts to insert it, and one to read it.
  CHECK(x.sent().size() == 3);
}

TEST_CASE("store_reading: inserts numbers, and tells once when they rise above "
          "the threshold") {
  function_instance x{"store_reading"};
  x.answer_calls("");
  x.handle(hook::init, "threshold=10");
  x.handle(hook::cast, "1");
  auto first = x.sent();
  REQUIRE(first.size() == 2);
  CHECK(first[0].find("CREATE TABLE IF NOT EXISTS reading")
        != std::string::npos);
  for (auto text : {"9.5", "11", "12", "x", "3", "10.5"})
    x.handle(hook::cast, text);
  auto insert = [](const std::string& value) {
    return R"x(database: {"sql":"INSERT INTO reading (workflow, value) VALUES )x"
           R"x(($1, $2)","parameters":[)x"
           + value + "]}";
  };
  CHECK(x.sent()
        == lines{insert("9.5"), insert("11"), "alert: reading 11 is above 10",
                 insert("12"), insert("3"), insert("10.5"),
                 "alert: reading 10.5 is above 10"});
}

TEST_CASE("grey_image: a colour image in grey") {
  function_instance x{"grey_image"};
  x.handle(hook::init);
  const std::string colours = "P6\n# red, green, blue, white\n2 2\n255\n"
                              "\xff"
                              + std::string(2, '\0') + std::string(1, '\0')
                              + "\xff" + std::string(3, '\0')
                              + "\xff\xff\xff\xff";
  x.handle(hook::cast, to_base64(colours));
  CHECK(x.sent()
        == lines{"out: " + to_base64("P5\n2 2\n255\n\x4c\x96\x1d\xff")});
}

TEST_CASE("grey_image: what is no image goes to error") {
  function_instance x{"grey_image"};
  x.handle(hook::init);
  for (std::string bytes :
       {"", "P6", "P6 1 1 255", "P5 1 1 255 abc", "P6 1 1 65535 abcdef",
        "P6 2 2 255 abc", "P6 4294967295 4294967295 255 abc", "P6 #"}) {
    x.handle(hook::cast, to_base64(bytes));
    auto sent = x.sent();
    REQUIRE(sent.size() == 1);
    CHECK_MESSAGE(sent[0].starts_with("error: the image"), bytes);
  }
  x.handle(hook::cast, "no base64");
  CHECK(x.sent() == lines{"error: the image is not base64"});
}
