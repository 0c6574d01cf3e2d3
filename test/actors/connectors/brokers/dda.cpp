// SPDX-License-Identifier: MIT
#include "actors/connectors/brokers/dda.hpp"

#include "test/fixtures/world.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// A sidecar that is the test.
struct fake_sidecar : dda_driver {
  struct connection : dda_connection {
    explicit connection(fake_sidecar& owner) : owner{owner} {
      // nop
    }
    void call(const dda_request& x,
              std::function<void(dda_result)> on_done) override {
      owner.requests.push_back(x);
      owner.answers.push_back(std::move(on_done));
    }
    void subscribe(const dda_subscription&, message_handler on_message,
                   std::function<void(const std::string&)> on_end) override {
      owner.handlers.push_back(std::move(on_message));
      on_end("it is away");
    }
    fake_sidecar& owner;
  };

  std::unique_ptr<dda_connection> open(const dda_options& x) override {
    options = x;
    return std::make_unique<connection>(*this);
  }

  dda_options options;
  std::vector<dda_request> requests;
  std::vector<std::function<void(dda_result)>> answers;
  std::vector<dda_connection::message_handler> handlers;
};

/// A function on node-two that calls the resource dda on node-one.
struct dda_fixture : world {
  dda_fixture() {
    classes["dda"] = std::make_shared<const resource_class>(
      dda(sidecar, "http://127.0.0.1:8900", counters));
    add_node("node-one", providing("dda"));
    classes.clear();
    add_node("node-two", labelled({"function"}));
  }

  void start_with(const std::string& method,
                  std::map<std::string, std::string> more = {},
                  const std::string& script = "asker") {
    more.emplace("dda_com_publication_mapping",
                 R"([{"topic":"t","pattern":"action","alias":"a"}])");
    more.emplace("dda_com_subscription_mapping",
                 R"([{"topic":"t","pattern":"event","method":")" + method
                   + R"(","target":"f"}])");
    auto source = test::resource("dda", "dda", std::move(more));
    source.output_mapping["f"] = "f";
    start({source, function("f", script, {{"out", "dda"}},
                            {{"label_match_all", "function"}})});
  }

  void request(const std::string& payload) {
    cast_to("f", payload);
    run_for(100ms);
  }

  void answer(const dda_result& x) {
    REQUIRE(!sidecar.answers.empty());
    sidecar.answers.back()(x);
    run_for(100ms);
  }

  fake_sidecar sidecar;
  connector_counters_ptr counters = std::make_shared<connector_counters>("dda");
};

} // namespace

TEST_CASE_FIXTURE(dda_fixture,
                  "dda: a call is answered with the first result") {
  start_with("cast");
  CHECK(sidecar.options.target == "127.0.0.1:8900");

  request(R"({"ComPublishAction":["a",[1]]})");
  REQUIRE(sidecar.requests.size() == 1);
  CHECK(sidecar.requests[0].name == "t");
  CHECK(!sidecar.requests[0].id.empty());
  CHECK(sidecar.requests[0].source == to_string(status_of("dda").id));
  answer({"", "", "x"});

  CHECK(journal
        == lines{R"(asker@node-two = {"ComSubscribeActionResult":[120]})"});
  CHECK(counters->sent == 1);
}

TEST_CASE_FIXTURE(dda_fixture, "dda: a failed call is an error, and counted") {
  start_with("cast");

  request(R"({"StoreGet":"k"})");
  answer({"Deadline Exceeded", "", ""});
  request(R"({"ComPublishEvent":["a",[1]]})");

  CHECK(sidecar.requests.size() == 1);
  CHECK(journal.size() == 2);
  CHECK(dropped(drop_reason::resource_failed) == 2);
  CHECK(counters->failed == 1);
}

TEST_CASE_FIXTURE(dda_fixture,
                  "dda: messages of subscriptions are cast, and done when the "
                  "function has room") {
  start_with("cast", {}, "sink");
  REQUIRE(sidecar.handlers.size() == 1);
  auto done = std::make_shared<int>(0);

  sidecar.handlers[0]({"", "x", false}, [done] { ++*done; });
  run_for(100ms);

  CHECK(journal == lines{R"(sink@node-two <- {"ComSubscribeEvent":[120]})"});
  CHECK(*done == 1);
  CHECK(counters->received == 1);
  CHECK(counters->connection_failures == 1);
}

TEST_CASE_FIXTURE(dda_fixture,
                  "dda: with the method call, a message is done when the "
                  "function has answered") {
  start_with("call", {}, "server");
  auto done = std::make_shared<int>(0);

  sidecar.handlers.at(0)({"", "x", false}, [done] { ++*done; });
  CHECK(*done == 0);
  run_for(100ms);

  CHECK(*done == 1);
}

TEST_CASE_FIXTURE(dda_fixture, "dda: a wrong URL does not start") {
  start_with("cast", {{"dda_url", "nowhere"}});

  CHECK(status_of("dda").reason.find("dda_url") != std::string::npos);
}

TEST_CASE_FIXTURE(dda_fixture, "dda: a wrong mapping does not start") {
  start_with("shout");

  CHECK(status_of("dda").reason.find("neither cast nor call")
        != std::string::npos);
}
