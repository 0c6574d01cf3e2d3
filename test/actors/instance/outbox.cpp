// SPDX-License-Identifier: MIT
#include "actors/instance/outbox.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

using strings = std::vector<std::string>;

/// The outputs of one instance; what leaves is written down as TARGET:PAYLOAD,
/// with names for targets.
struct exits : actor_fixture {
  exits()
    : registry{std::make_shared<instance_registry>(any<node_id>())},
      egress{
        spawn_double<egress_actor>([this](atom::deliver, const endpoint& to,
                                  const events& x) { note(to.instance, x); },
                           [this](atom::deliver, const instance_id& to,
                                  const events& x) { note(to.instance, x); })},
      out{registry,
          egress,
          {registry->self, any<physical_id>()},
          any<logical_id>(),
          clock()} {
    // nop
  }

  void note(const physical_id& to, const events& all) {
    for (auto& x : all)
      left.push_back(names[to] + ":"
                     + (x.kind != event_kind::marker ? x.payload
                        : x.call != 0                ? "end"
                                                     : "open"));
    for (auto& x : all)
      if (x.kind == event_kind::marker)
        marks.push_back(x.call != 0 ? x.call : x.after);
  }

  /// An instance on another node.
  endpoint far(const std::string& name) {
    endpoint x;
    x.node = any<node_id>();
    x.session = any<session_id>();
    x.instance = any<physical_id>();
    x.invocation_url = "http://" + name + ":7002";
    names[x.instance] = name;
    return x;
  }

  /// An instance on this node.
  endpoint near(const std::string& name) {
    auto x = far(name);
    x.node = registry->self;
    auto id = x.instance;
    auto sink = spawn_double<sink_actor>(
      [this, id](atom::deliver, const events& y) { note(id, y); });
    registry->add(id, {sink, std::make_shared<credit>(10, 1000), {}});
    return x;
  }

  void cast(const std::string& channel, const std::string& payload) {
    out.send(channel, out.make(event_kind::cast, payload));
  }

  void flush() {
    out.flush();
    run_until_idle();
  }

  std::uint64_t dropped(drop_reason why) {
    return registry->counts.dropped(why);
  }

  instance_registry_ptr registry;
  egress_actor egress;
  outbox out;
  std::map<physical_id, std::string> names;
  strings left;
  std::vector<std::uint64_t> marks; ///< of markers that have left
};

} // namespace

TEST_CASE_FIXTURE(exits, "events leave when they are flushed") {
  out.patch({1, {{"out", near("here")}, {"far", far("there")}}});
  cast("out", "a");
  cast("far", "b");
  run_until_idle();
  REQUIRE(left.empty());

  flush();

  CHECK(left.size() == 2);
  CHECK(registry->counts.sent() == 2);
}

TEST_CASE_FIXTURE(exits, "an older output map is ignored") {
  out.patch({2, {{"out", far("new")}}});

  out.patch({1, {{"out", far("old")}}});
  cast("out", "a");
  flush();

  CHECK(left == strings{"new:a"});
  CHECK(out.revision() == 2);
}

TEST_CASE_FIXTURE(exits, "a newer output map replaces all of it") {
  out.patch({1, {{"out", far("x")}, {"more", far("y")}}});

  out.patch({2, {{"out", far("z")}}});
  cast("out", "a");
  cast("more", "b");
  flush();

  CHECK(left == strings{"z:a"});
  CHECK(dropped(drop_reason::unmapped) == 1);
}

TEST_CASE_FIXTURE(exits, "what was sent before a patch leaves on the old way") {
  out.patch({1, {{"out", far("old")}}});
  cast("out", "a");

  out.patch({2, {{"out", far("new")}}});
  cast("out", "b");
  flush();

  CHECK(left == strings{"old:a", "new:b"});
}

TEST_CASE_FIXTURE(exits, "a channel is elsewhere, nowhere or unmapped") {
  out.patch({1, {{"out", far("x")}, {"lost", endpoint{}}}});

  CHECK(out.find("out") == outbox::leads::elsewhere);
  CHECK(out.find("lost") == outbox::leads::nowhere);
  CHECK(out.find("none") == outbox::leads::unmapped);
}

TEST_CASE_FIXTURE(exits, "what is held leaves before what comes") {
  out.patch({1, {{"out", endpoint{}}}});
  cast("out", "a");
  cast("out", "b");

  out.patch({2, {{"out", far("x")}}});
  cast("out", "c");
  flush();

  CHECK(left == strings{"x:a", "x:b", "x:c"});
  CHECK(!out.holding());
}

TEST_CASE_FIXTURE(exits, "what is held for a channel that goes is counted") {
  out.patch({1, {{"out", endpoint{}}}});
  cast("out", "a");

  out.patch({2, {}});

  CHECK(dropped(drop_reason::unmapped) == 1);
}

TEST_CASE_FIXTURE(exits, "only what is old expires") {
  out.patch({1, {{"out", endpoint{}}}});
  cast("out", "a");
  run_for(3s);
  cast("out", "b");

  auto more = out.expire(clock().now() - 1s);

  CHECK(more);
  CHECK(dropped(drop_reason::nowhere) == 1);
}

TEST_CASE_FIXTURE(exits, "held bytes are bounded") {
  out.patch({1, {{"out", endpoint{}}}});

  cast("out", std::string(limits::held_bytes, 'x'));
  cast("out", "y");

  CHECK(dropped(drop_reason::nowhere) == 1);
}

TEST_CASE_FIXTURE(exits, "two channels to one target share one order") {
  auto x = far("x");
  out.patch({1, {{"left", x}, {"right", x}}});

  cast("left", "a");
  cast("right", "b");
  cast("left", "c");
  flush();

  CHECK(left == strings{"x:a", "x:b", "x:c"});
}

TEST_CASE_FIXTURE(exits, "an id and a channel to one target share one order") {
  auto x = far("x");
  out.patch({1, {{"out", x}}});

  cast("out", "a");
  out.send(instance_id{x.node, x.instance}, out.make(event_kind::cast, "b"));
  cast("out", "c");
  flush();

  CHECK(left == strings{"x:a", "x:b", "x:c"});
}

TEST_CASE_FIXTURE(exits, "an instance that does not live here is counted") {
  out.send(instance_id{registry->self, any<physical_id>()},
           out.make(event_kind::cast, "a"));
  flush();

  CHECK(dropped(drop_reason::unknown_instance) == 1);
}

TEST_CASE_FIXTURE(exits, "a call that cannot be sent is told by its number") {
  out.patch({1, {{"out", endpoint{}}}});
  auto call = out.make(event_kind::call, "a");
  call.call = 7;

  out.send("out", call);

  CHECK(out.take_refused() == std::vector<std::uint64_t>{7});
  CHECK(out.take_refused().empty());
  CHECK(dropped(drop_reason::nowhere) == 1);
}

TEST_CASE_FIXTURE(exits, "a link without room drops, answers excepted") {
  auto x = far("x");
  out.patch({1, {{"out", x}}});
  auto room = registry->egress_credit(x.node);
  REQUIRE(room->take(limits::egress_bytes));

  cast("out", "a");
  out.send("out", out.make(event_kind::reply, "b"));
  flush();

  CHECK(dropped(drop_reason::egress_full) == 1);
  CHECK(registry->counts.sent() == 1);
}

TEST_CASE_FIXTURE(exits, "what is cleared is counted for the reason given") {
  out.patch({1, {{"out", endpoint{}}}});
  cast("out", "a");

  out.clear(drop_reason::stopped);

  CHECK(dropped(drop_reason::stopped) == 1);
  CHECK(!out.holding());
}

// -- moves --------------------------------------------------------------------

TEST_CASE_FIXTURE(exits, "a way to a successor begins where the old one ends") {
  auto old = far("old");
  auto next = far("next");
  next.predecessor = old.instance;
  out.patch({1, {{"out", old}}});
  cast("out", "a");

  out.patch({2, {{"out", next}}});
  cast("out", "b");
  flush();

  CHECK(left == strings{"old:a", "old:end", "next:open", "next:b"});
  REQUIRE(marks.size() == 2);
  CHECK(marks[0] == marks[1]);
  CHECK(registry->counts.sent() == 2);
}

TEST_CASE_FIXTURE(exits, "a way to who has no predecessor just begins") {
  out.patch({1, {{"out", far("old")}}});

  out.patch({2, {{"out", far("next")}}});
  cast("out", "a");
  flush();

  CHECK(left == strings{"next:a"});
}

TEST_CASE_FIXTURE(exits, "a first way to a successor just begins") {
  auto next = far("next");
  next.predecessor = any<physical_id>();

  out.patch({1, {{"out", next}}});
  cast("out", "a");
  out.patch({2, {{"out", next}}});
  flush();

  CHECK(left == strings{"next:a"});
}

TEST_CASE_FIXTURE(exits, "two channels that move together end one way once") {
  auto old = far("old");
  auto next = far("next");
  next.predecessor = old.instance;
  out.patch({1, {{"left", old}, {"right", old}}});

  out.patch({2, {{"left", next}, {"right", next}}});
  run_until_idle();

  CHECK(left == strings{"old:end", "next:open"});
}

TEST_CASE_FIXTURE(exits, "who moves ends its ways, and says nothing more") {
  auto x = far("x");
  out.patch({1, {{"out", x}, {"more", x}}});
  cast("out", "a");

  out.end(far("successor"));
  auto next = far("next");
  next.predecessor = x.instance;
  out.patch({2, {{"out", next}, {"more", next}}});
  flush();

  CHECK(left == strings{"x:a", "x:end"});
}

TEST_CASE_FIXTURE(exits, "what is held leaves before its way ends") {
  out.patch({1, {{"out", endpoint{}}}});
  cast("out", "a");
  out.end(far("successor"));
  REQUIRE(left.empty());

  out.patch({2, {{"out", far("x")}}});
  run_until_idle();

  CHECK(left == strings{"x:a", "x:end"});
}

TEST_CASE_FIXTURE(exits, "who takes over opens its ways with the same mark") {
  auto x = far("x");
  outbox old{registry,
             egress,
             {any<node_id>(), any<physical_id>()},
             any<logical_id>(),
             clock()};
  old.patch({1, {{"out", x}}});
  auto self = out.make(event_kind::cast, "").source.instance;
  auto predecessor = old.make(event_kind::cast, "").source.instance;

  out.succeed({any<node_id>(), predecessor});
  out.patch({1, {{"out", x}}});
  cast("out", "b");
  flush();
  endpoint me;
  me.node = registry->self;
  me.instance = self;
  old.end(me);
  run_until_idle();

  CHECK(left == strings{"x:open", "x:b", "x:end"});
  REQUIRE(marks.size() == 2);
  CHECK(marks[0] == marks[1]);
}

TEST_CASE_FIXTURE(exits, "long after taking over, ways just begin") {
  out.succeed({any<node_id>(), any<physical_id>()});
  out.patch({1, {{"out", endpoint{}}}});
  run_for(limits::hand_over);

  out.patch({2, {{"out", far("x")}}});
  cast("out", "a");
  flush();

  CHECK(left == strings{"x:a"});
}
