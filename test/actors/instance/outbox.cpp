// SPDX-License-Identifier: MIT
#include "actors/instance/outbox.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

using strings = std::vector<std::string>;

/// The outbox of one instance. Sent events are recorded as TARGET:PAYLOAD,
/// with a name per target.
struct outbox_fixture : actor_fixture {
  outbox_fixture()
    : registry{std::make_shared<instance_registry>(any<node_id>())},
      egress{spawn_double<egress_actor>(
        [this](atom::deliver, const endpoint& to, const events& x) {
          record(to.instance, x);
        },
        [this](atom::deliver, const instance_id& to, const events& x) {
          record(to.instance, x);
        })},
      out{registry,
          egress,
          {registry->self, any<physical_id>()},
          any<logical_id>(),
          clock()} {
    // nop
  }

  void record(const physical_id& to, const events& all) {
    for (auto& x : all)
      sent.push_back(names[to] + ":"
                     + (x.kind != event_kind::marker ? x.payload
                        : x.call != 0                ? "end"
                                                     : "open"));
    for (auto& x : all)
      if (x.kind == event_kind::marker)
        switch_ids.push_back(x.call != 0 ? x.call : x.after);
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
      [this, id](atom::deliver, const events& y) { record(id, y); });
    registry->add(id, {sink, std::make_shared<credit>(10, 1000), {}});
    return x;
  }

  void cast(const std::string& channel, const std::string& payload) {
    out.send(channel, out.sender().make(event_kind::cast, payload));
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
  strings sent;
  std::vector<std::uint64_t> switch_ids; ///< of markers that have sent
};

} // namespace

TEST_CASE_FIXTURE(outbox_fixture, "outbox: events leave with flush()") {
  out.patch({1, {{"out", near("here")}, {"far", far("there")}}});
  cast("out", "a");
  cast("far", "b");
  run_until_idle();
  REQUIRE(sent.empty());

  flush();

  CHECK(sent.size() == 2);
  CHECK(registry->counts.sent() == 2);
}

TEST_CASE_FIXTURE(outbox_fixture, "outbox: ignores an older output map") {
  out.patch({2, {{"out", far("new")}}});

  out.patch({1, {{"out", far("old")}}});
  cast("out", "a");
  flush();

  CHECK(sent == strings{"new:a"});
  CHECK(out.revision() == 2);
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "outbox: a newer output map replaces all channels") {
  out.patch({1, {{"out", far("x")}, {"more", far("y")}}});

  out.patch({2, {{"out", far("z")}}});
  cast("out", "a");
  cast("more", "b");
  flush();

  CHECK(sent == strings{"z:a"});
  CHECK(dropped(drop_reason::unmapped) == 1);
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "outbox: events sent before a patch leave on the old route") {
  out.patch({1, {{"out", far("old")}}});
  cast("out", "a");

  out.patch({2, {{"out", far("new")}}});
  cast("out", "b");
  flush();

  CHECK(sent == strings{"old:a", "new:b"});
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "outbox: a channel is routed, unrouted or unmapped") {
  out.patch({1, {{"out", far("x")}, {"lost", endpoint{}}}});

  CHECK(out.state_of("out") == outbox::channel_state::routed);
  CHECK(out.state_of("lost") == outbox::channel_state::unrouted);
  CHECK(out.state_of("none") == outbox::channel_state::unmapped);
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "outbox: held events leave before newer ones") {
  out.patch({1, {{"out", endpoint{}}}});
  cast("out", "a");
  cast("out", "b");

  out.patch({2, {{"out", far("x")}}});
  cast("out", "c");
  flush();

  CHECK(sent == strings{"x:a", "x:b", "x:c"});
  CHECK(!out.is_holding());
}

TEST_CASE_FIXTURE(
  outbox_fixture,
  "outbox: held events of a removed channel are counted as dropped") {
  out.patch({1, {{"out", endpoint{}}}});
  cast("out", "a");

  out.patch({2, {}});

  CHECK(dropped(drop_reason::unmapped) == 1);
}

TEST_CASE_FIXTURE(outbox_fixture, "outbox: drops events held for too long") {
  out.patch({1, {{"out", endpoint{}}}});
  cast("out", "a");
  run_for(3s);
  cast("out", "b");
  run_for(1s);
  REQUIRE(out.due() == clock().now());

  out.retry();

  CHECK(dropped(drop_reason::nowhere) == 1);
  CHECK(out.due() == clock().now() + 3s);
}

TEST_CASE_FIXTURE(outbox_fixture, "outbox: held bytes are bounded") {
  out.patch({1, {{"out", endpoint{}}}});

  cast("out", std::string(limits::held_bytes, 'x'));
  cast("out", "y");

  CHECK(dropped(drop_reason::nowhere) == 1);
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "outbox: two channels to one target share one order") {
  auto x = far("x");
  out.patch({1, {{"left", x}, {"right", x}}});

  cast("left", "a");
  cast("right", "b");
  cast("left", "c");
  flush();

  CHECK(sent == strings{"x:a", "x:b", "x:c"});
}

TEST_CASE_FIXTURE(
  outbox_fixture,
  "outbox: a raw id and a channel to one target share one order") {
  auto x = far("x");
  out.patch({1, {{"out", x}}});

  cast("out", "a");
  out.sender().send(instance_id{x.node, x.instance},
                    out.sender().make(event_kind::cast, "b"));
  cast("out", "c");
  flush();

  CHECK(sent == strings{"x:a", "x:b", "x:c"});
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "outbox: an event for an unknown local instance is counted") {
  out.sender().send(instance_id{registry->self, any<physical_id>()},
                    out.sender().make(event_kind::cast, "a"));
  flush();

  CHECK(dropped(drop_reason::unknown_instance) == 1);
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "outbox: reports a call that cannot be sent") {
  out.patch({1, {{"out", endpoint{}}}});
  auto call = out.sender().make(event_kind::call, "a");
  call.call = 7;

  CHECK(!out.send("out", call));

  CHECK(dropped(drop_reason::nowhere) == 1);
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "outbox: without egress credit all but replies are dropped") {
  auto x = far("x");
  out.patch({1, {{"out", x}}});
  auto room = registry->egress_credit(x.node);
  REQUIRE(room->take(limits::egress_bytes));

  cast("out", "a");
  out.send("out", out.sender().make(event_kind::reply, "b"));
  flush();

  CHECK(dropped(drop_reason::egress_full) == 1);
  CHECK(registry->counts.sent() == 1);
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "outbox: events by instance id to any number of nodes share "
                  "one credit, which channels do not use") {
  out.patch({1, {{"out", far("x")}}});
  auto cast_raw = [&] {
    instance_id stranger{any<node_id>(), any<physical_id>()};
    auto x = out.sender().make(event_kind::cast, std::string(1u << 20, 'x'));
    return out.sender().send(stranger, x);
  };
  auto room = limits::unrouted_bytes >> 20;

  for (std::size_t i = 0; i < room; ++i)
    CHECK(cast_raw());
  CHECK(!cast_raw());

  CHECK(dropped(drop_reason::egress_full) == 1);
  CHECK(registry->unrouted_credit->bytes() == limits::unrouted_bytes);
  CHECK(registry->waiting().egress_bytes == limits::unrouted_bytes);
  CHECK(out.send("out", out.sender().make(event_kind::cast, "a")));
  registry->unrouted_credit->give_back(room, limits::unrouted_bytes);
  CHECK(cast_raw());
  flush();
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "outbox: a channel has its own credit also after a raw cast "
                  "to its target") {
  auto x = far("x");
  out.sender().send(instance_id{x.node, x.instance},
                    out.sender().make(event_kind::cast, "a"));

  out.patch({1, {{"out", x}}});
  cast("out", "b");

  CHECK(registry->unrouted_credit->events() == 1);
  CHECK(registry->egress_credit(x.node)->events() == 1);
  flush();
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "outbox: clear() counts held events under the given reason") {
  out.patch({1, {{"out", endpoint{}}}});
  cast("out", "a");

  out.clear(drop_reason::stopped);

  CHECK(dropped(drop_reason::stopped) == 1);
  CHECK(!out.is_holding());
}

// -- migration ----------------------------------------------------------------

TEST_CASE_FIXTURE(
  outbox_fixture,
  "outbox: markers end the old route and open the one to a successor") {
  auto old = far("old");
  auto next = far("next");
  next.predecessor = old.instance;
  out.patch({1, {{"out", old}}});
  cast("out", "a");

  out.patch({2, {{"out", next}}});
  cast("out", "b");
  flush();

  CHECK(sent == strings{"old:a", "old:end", "next:open", "next:b"});
  REQUIRE(switch_ids.size() == 2);
  CHECK(switch_ids[0] == switch_ids[1]);
  CHECK(registry->counts.sent() == 2);
}

TEST_CASE_FIXTURE(
  outbox_fixture,
  "outbox: a route to a target without predecessor has no marker") {
  out.patch({1, {{"out", far("old")}}});

  out.patch({2, {{"out", far("next")}}});
  cast("out", "a");
  flush();

  CHECK(sent == strings{"next:a"});
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "outbox: a channel's first route has no marker") {
  auto next = far("next");
  next.predecessor = any<physical_id>();

  out.patch({1, {{"out", next}}});
  cast("out", "a");
  out.patch({2, {{"out", next}}});
  flush();

  CHECK(sent == strings{"next:a"});
}

TEST_CASE_FIXTURE(
  outbox_fixture,
  "outbox: two channels that switch together send one pair of markers") {
  auto old = far("old");
  auto next = far("next");
  next.predecessor = old.instance;
  out.patch({1, {{"left", old}, {"right", old}}});

  out.patch({2, {{"left", next}, {"right", next}}});
  run_until_idle();

  CHECK(sent == strings{"old:end", "next:open"});
}

TEST_CASE_FIXTURE(outbox_fixture, "outbox: end() closes all routes for good") {
  auto x = far("x");
  out.patch({1, {{"out", x}, {"more", x}}});
  cast("out", "a");

  out.end(far("successor"));
  auto next = far("next");
  next.predecessor = x.instance;
  out.patch({2, {{"out", next}, {"more", next}}});
  flush();

  CHECK(sent == strings{"x:a", "x:end"});
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "outbox: held events leave before the closing marker") {
  out.patch({1, {{"out", endpoint{}}}});
  cast("out", "a");
  out.end(far("successor"));
  REQUIRE(sent.empty());

  out.patch({2, {{"out", far("x")}}});
  run_until_idle();

  CHECK(sent == strings{"x:a", "x:end"});
}

TEST_CASE_FIXTURE(
  outbox_fixture,
  "outbox: a successor opens its routes with the predecessor's switch id") {
  auto x = far("x");
  outbox old{registry,
             egress,
             {any<node_id>(), any<physical_id>()},
             any<logical_id>(),
             clock()};
  old.patch({1, {{"out", x}}});
  auto self = out.sender().make(event_kind::cast, "").source.instance;
  auto predecessor = old.sender().make(event_kind::cast, "").source.instance;

  out.succeed({any<node_id>(), predecessor});
  out.patch({1, {{"out", x}}});
  cast("out", "b");
  flush();
  endpoint me;
  me.node = registry->self;
  me.instance = self;
  old.end(me);
  run_until_idle();

  CHECK(sent == strings{"x:open", "x:b", "x:end"});
  REQUIRE(switch_ids.size() == 2);
  CHECK(switch_ids[0] == switch_ids[1]);
}

TEST_CASE_FIXTURE(
  outbox_fixture,
  "outbox: after limits::hand_over a successor's routes have no marker") {
  out.succeed({any<node_id>(), any<physical_id>()});
  out.patch({1, {{"out", endpoint{}}}});
  run_for(limits::hand_over);

  out.patch({2, {{"out", far("x")}}});
  cast("out", "a");
  flush();

  CHECK(sent == strings{"x:a"});
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "outbox: expired events leave room for others") {
  out.patch({1, {{"out", endpoint{}}}});
  cast("out", std::string(limits::held_bytes, 'x'));
  run_for(4s);
  out.retry();
  REQUIRE(dropped(drop_reason::nowhere) == 1);

  cast("out", std::string(limits::held_bytes, 'y'));

  CHECK(dropped(drop_reason::nowhere) == 1);
}
