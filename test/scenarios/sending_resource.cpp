// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include "actors/resources/resource.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// What the tests see of an instance of the class "pump".
struct pump_log {
  std::vector<outlet_ptr>
    outlets; ///< of all instances, in order of their start
  std::vector<std::uint64_t> tickets;
  int drained = 0;
  std::size_t ended = 0;
  lines replies; ///< to calls
};
using pump_log_ptr = std::shared_ptr<pump_log>;

/// Sends what the tests put into its outlet, and defers all events.
class pump : public resource {
public:
  explicit pump(pump_log_ptr seen) : log_{std::move(seen)} {
    // nop
  }
  ~pump() override {
    ++log_->ended;
  }
  void set_outlet(outlet_ptr x) override {
    log_->outlets.push_back(std::move(x));
  }
  caf::error open() override {
    return caf::none;
  }
  void drain() override {
    ++log_->drained;
  }
  std::size_t capacity() const override {
    return 2;
  }
  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    outcome result;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      log_->tickets.push_back(log_->tickets.size() + 1);
      result.deferred[i] = log_->tickets.back();
    }
    return result;
  }

private:
  pump_log_ptr log_;
};

struct sending_resource_fixture : world {
  sending_resource_fixture() {
    classes["pump"] = std::make_shared<const resource_class>(
      resource_class{[log = seen_](const component_spec&) {
        return std::make_unique<pump>(log);
      }});
    for (auto name : {"one", "two"}) {
      auto details = providing("pump");
      details.capabilities.labels = {name};
      add_node(std::string{"node-"} + name, details);
    }
  }

  void start_pump(const std::string& target, const std::string& script,
                  const std::string& target_on = "two",
                  std::map<std::string, std::string> settings = {}) {
    auto source = test::resource("pump", "pump", std::move(settings));
    source.settings["node_id_match_any"] = to_string(id_of("node-one"));
    source.output_mapping["out"] = target;
    start({source, function(target, script, {{"out", target}},
                            {{"label_match_all", target_on}})});
    REQUIRE(!seen.outlets.empty());
  }

  /// Both nodes may run the resource.
  void start_movable(const std::string& target, const std::string& script) {
    auto source = test::resource("pump", "pump", {});
    source.output_mapping["out"] = target;
    start({source, function(target, script, {{"out", target}})});
    REQUIRE(!seen.outlets.empty());
  }

  void cast(const std::string& payload) {
    CHECK(seen.outlets.back()->cast("out", payload));
    run_until_idle();
  }

  void call(const std::string& payload, bool repeatable = false) {
    CHECK(seen.outlets.back()->call(
      {"out", payload, 3s, repeatable, [log = seen_](const outlet::reply& x) {
         log->replies.push_back(x.result.kind == event_kind::reply
                                  ? x.result.payload
                                  : (x.sent ? "failed" : "not sent"));
       }}));
    run_until_idle();
  }

  /// The callbacks of instances outlive this.
  pump_log_ptr seen_ = std::make_shared<pump_log>();
  pump_log& seen = *seen_;
  lines& replies = seen.replies;
};

} // namespace

TEST_CASE_FIXTURE(sending_resource_fixture,
                  "sending resource: casts arrive in order on another node") {
  start_pump("sink", "sink");

  for (auto i = 0; i < 3; ++i)
    cast(std::to_string(i));

  CHECK(
    journal
    == lines{"sink@node-two <- 0", "sink@node-two <- 1", "sink@node-two <- 2"});
  CHECK(sent() == 3);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(sending_resource_fixture,
                  "sending resource: its calls are answered") {
  start_pump("server", "server");

  call("a");
  call("b");

  CHECK(replies == lines{"re a", "re b"});
  CHECK(balanced());
}

TEST_CASE_FIXTURE(
  sending_resource_fixture,
  "sending resource: a cast on an unmapped channel is counted") {
  start_pump("sink", "sink");

  CHECK(seen.outlets.back()->cast("other", "a"));
  run_until_idle();

  CHECK(dropped(drop_reason::unmapped) == 1);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(
  sending_resource_fixture,
  "sending resource: a call waits for a target that is placed again") {
  start_pump("server", "server");
  kill("node-two");

  call("a");
  CHECK(replies.empty());
  add_node("node-three", labelled({"two"}));
  run_for(2s);

  CHECK(replies == lines{"re a"});
}

TEST_CASE_FIXTURE(sending_resource_fixture,
                  "sending resource: a call without any target times out") {
  start_pump("server", "server");
  kill("node-two");

  call("a");
  run_for(4s);

  CHECK(replies == lines{"not sent"});
}

TEST_CASE_FIXTURE(
  sending_resource_fixture,
  "sending resource: a call to a node that dies fails, or is repeated") {
  add_node("node-three", labelled({"two"}));
  start_pump("server", "server");
  auto home = placed_on("server");
  cut("node-one", home);
  call("once");
  call("again", true);
  CHECK(replies.empty());

  kill(home);
  run_for(3s);

  CHECK(replies == lines{"failed", "re again"});
}

TEST_CASE_FIXTURE(sending_resource_fixture,
                  "sending resource: a trapping function fails each attempt of "
                  "a call within the timeout") {
  start_pump("server", "server");

  call("die", true);
  run_for(3s);

  REQUIRE(replies.size() == 1);
  CHECK(replies[0] != "re die");
  CHECK(status_of("server").restarts >= 1);
  CHECK(status_of("server").restarts <= limits::emitted_call_attempts);
}

TEST_CASE_FIXTURE(sending_resource_fixture,
                  "sending resource: follows its target in a migration") {
  add_node("node-three", labelled({"two"}));
  start_pump("server", "server");
  for (auto i = 0; i < 10; ++i) {
    auto from = placed_on("server");
    begin_migration("server", from == "node-two" ? "node-three" : "node-two");
    for (auto k = 0; k < 5; ++k) {
      run(3);
      CHECK(seen.outlets.back()->call(
        {"out", "x", 3s, false, [log = seen_](const outlet::reply& x) {
           log->replies.push_back(x.result.payload);
         }}));
    }
    run_for(1s);
    CHECK(placed_on("server") != from);
  }

  CHECK(replies == lines(50, "re x"));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(sending_resource_fixture,
                  "sending resource: a migration waits for the calls that are "
                  "under way, and the successor has the outputs") {
  // A call of a function to itself ends with its timeout.
  scripts["slow"] = [](guest_host&, const guest_event& x) -> step {
    if (x.payload == "slow")
      return call_step{"out", "again", [](call_result) {
                         return finish{};
                       }};
    return finish{{event_kind::reply, "re " + x.payload}};
  };
  start_movable("server", "slow");
  auto from = placed_on("pump");
  call("slow");
  begin_migration("pump", from == "node-one" ? "node-two" : "node-one");
  run_until_idle();
  CHECK(seen.ended == 0);

  run_for(4s);

  CHECK(replies == lines{"failed"});
  CHECK(seen.ended == 1);
  CHECK(placed_on("pump") != from);
  CHECK(!seen.outlets.front()->cast("out", "too late"));
  run_for(2s);
  call("a");
  CHECK(replies.back() == "re a");
}

TEST_CASE_FIXTURE(sending_resource_fixture,
                  "sending resource: casts made during its migration arrive in "
                  "order, or are refused") {
  start_movable("sink", "sink");
  std::uint64_t accepted = 0;
  for (auto i = 0; i < 20; ++i) {
    auto from = placed_on("pump");
    begin_migration("pump", from == "node-one" ? "node-two" : "node-one");
    for (auto k = 0; k < 10; ++k) {
      auto out = seen.outlets.back();
      if (out->cast("out", std::to_string(1000 + accepted)))
        ++accepted;
      run(2);
    }
    run_for(500ms);
    CHECK(placed_on("pump") != from);
  }

  CHECK(accepted > 100);
  CHECK(sent() == accepted);
  CHECK(journal.size() == accepted);
  CHECK(std::ranges::is_sorted(journal, {},
                               [](auto& x) { return x.substr(x.find("<-")); }));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(sending_resource_fixture,
                  "sending resource: deferred events are bounded by its "
                  "capacity, and counted when they are done") {
  start_pump("sink", "sink");
  for (auto i = 0; i < 5; ++i)
    cast_to("pump", std::to_string(i));
  auto& counts = registry("node-one").counts;

  CHECK(seen.tickets.size() == 2);
  CHECK(counts.handled() == 0);
  seen.outlets.back()->finish(1, std::string{});
  seen.outlets.back()->finish(2, fail(ec::unreachable, "no server"));
  run_until_idle();

  CHECK(seen.tickets.size() == 4);
  CHECK(counts.handled() == 1);
  CHECK(counts.dropped(drop_reason::resource_failed) == 1);
}

TEST_CASE_FIXTURE(sending_resource_fixture,
                  "sending resource: a stop ends what is under way within its "
                  "deadline, and counts the rest") {
  start_pump("sink", "sink");
  for (auto i = 0; i < 5; ++i)
    cast_to("pump", std::to_string(i));

  stop(status.id);
  run_for(500ms);
  CHECK(seen.drained == 1);
  CHECK(seen.ended == 0);
  run_for(600ms);

  CHECK(seen.ended == 1);
  CHECK(dropped(drop_reason::stopped) == 5);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(sending_resource_fixture,
                  "sending resource: at-least-once casts survive a loss of the "
                  "target") {
  add_node("node-three", labelled({"two"}));
  start_pump("sink", "sink", "two", {{"delivery.out", "at-least-once"}});
  auto home = placed_on("sink");
  cast("a");
  cut("node-one", home);
  cast("b");
  kill(home);
  run_for(40s);

  auto arrived = std::ranges::count_if(
    journal, [](auto& x) { return x.ends_with("<- b"); });
  CHECK(arrived == 1);
}
