// SPDX-License-Identifier: MIT
#include "test/actors/lab.hpp"

#include "actors/outbox.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

namespace {

using strings = std::vector<std::string>;
using patience = outbox::patience;

constexpr std::uint32_t places = 3;

/// The outputs of one instance, which promise something; what leaves is written
/// down, numbered if it is to be confirmed. Targets have room for three.
struct promises : lab {
  promises()
    : hood{std::make_shared<neighbourhood>(any<node_id>())},
      links{pose<links_actor>(
        [this](atom::deliver, const endpoint&, const events& x) {
          gifts.insert(gifts.end(), x.begin(), x.end());
        })},
      out{hood,
          links,
          {hood->self, any<physical_id>()},
          any<logical_id>(),
          clock(),
          {{"oldest", {full_policy::drop_oldest, false}},
           {"block", {full_policy::block, false}},
           {"sure", {full_policy::drop_newest, true}}},
          77} {
    successor.node = any<node_id>();
    successor.instance = any<physical_id>();
    successor.invocation_url = "http://there:7002";
    myself = out.make(event_kind::cast, {}).source.instance;
  }

  /// The outputs of the successor, which lead to `x`.
  outbox make_heir(const endpoint& x) {
    return make_heir(x, {hood->self, myself});
  }

  outbox make_heir(const endpoint& x, const instance_id& predecessor) {
    outbox heir{hood,
                links,
                {successor.node, successor.instance},
                any<logical_id>(),
                clock(),
                {{"sure", {full_policy::drop_newest, true}}},
                99};
    heir.succeed(predecessor);
    heir.patch({1, {{"sure", x}}});
    return heir;
  }

  void note(const events& all) {
    for (auto& x : all) {
      last = x;
      left.push_back(x.number == 0 ? x.payload
                                   : std::to_string(x.number) + x.payload);
    }
  }

  endpoint near() {
    endpoint x;
    x.node = hood->self;
    x.instance = any<physical_id>();
    auto room = std::make_shared<quota>(places, 1000);
    rooms[x.instance] = room;
    hood->add(
      x.instance,
      {pose<sink_actor>([this](atom::deliver, const events& y) { note(y); }),
       room,
       {}});
    return x;
  }

  /// The target has handled three more.
  void make_room(const endpoint& where) {
    auto& room = *rooms.at(where.instance);
    room.give_back(room.events(), room.bytes());
  }

  bool offer(const std::string& channel, const std::string& payload,
             patience waiting = patience::some) {
    return out.offer(channel, payload, waiting);
  }

  strings taken() {
    out.flush();
    settle();
    return std::exchange(left, {});
  }

  event said(event_kind kind, const endpoint& by, std::uint64_t number) {
    event x;
    x.kind = kind;
    x.source = {by.node, by.instance};
    x.stream = last.stream;
    x.number = x.after = number;
    return x;
  }

  void confirm(const endpoint& by, std::uint64_t number) {
    out.confirm(said(event_kind::handled, by, number));
  }

  std::uint64_t dropped(drop_reason why) {
    return hood->counts.dropped(why);
  }

  neighbourhood_ptr hood;
  links_actor links;
  outbox out;
  std::map<physical_id, quota_ptr> rooms;
  strings left;
  event last;
  endpoint successor;
  physical_id myself;
  events gifts; ///< what goes to another node
};

} // namespace

// -- on_full ------------------------------------------------------------------

TEST_CASE_FIXTURE(promises, "drop-oldest waits for room, in order") {
  auto x = near();
  out.patch({1, {{"oldest", x}}});
  for (auto payload : {"a", "b", "c", "d", "e"})
    CHECK(offer("oldest", payload));
  CHECK(taken() == strings{"a", "b", "c"});
  CHECK(hood->counts.dropped() == 0);
  CHECK(out.due());

  make_room(x);
  out.retry();

  CHECK(taken() == strings{"d", "e"});
  CHECK(!out.due());
}

TEST_CASE_FIXTURE(promises, "drop-oldest lets the oldest make room") {
  auto x = near();
  out.patch({1, {{"oldest", x}}});
  for (std::size_t i = 0; i < places + limits::held_events + 2; ++i)
    offer("oldest", std::to_string(i));
  taken();

  make_room(x);
  out.retry();

  CHECK(taken() == strings{"5", "6", "7"});
  CHECK(dropped(drop_reason::displaced) == 2);
}

TEST_CASE_FIXTURE(promises, "drop-oldest also holds for nowhere") {
  out.patch({1, {{"oldest", endpoint{}}}});
  for (std::size_t i = 0; i < limits::held_events + 1; ++i)
    offer("oldest", std::to_string(i));

  out.patch({2, {{"oldest", near()}}});

  CHECK(taken() == strings{"1", "2", "3"});
  CHECK(dropped(drop_reason::displaced) == 1);
}

TEST_CASE_FIXTURE(promises, "block refuses what finds no room") {
  auto x = near();
  out.patch({1, {{"block", x}}});
  for (auto payload : {"a", "b", "c"})
    CHECK(offer("block", payload));

  CHECK(!offer("block", "d"));
  CHECK(hood->counts.sent() == 3);
  make_room(x);
  CHECK(offer("block", "d"));

  CHECK(taken() == strings{"a", "b", "c", "d"});
  CHECK(hood->counts.dropped() == 0);
}

TEST_CASE_FIXTURE(promises, "block drops when it has waited for too long") {
  out.patch({1, {{"block", near()}}});
  for (auto payload : {"a", "b", "c"})
    offer("block", payload);

  CHECK(offer("block", "d", patience::ended));

  CHECK(dropped(drop_reason::blocked_too_long) == 1);
}

TEST_CASE_FIXTURE(promises, "block drops at once where nobody may wait") {
  out.patch({1, {{"block", near()}}});
  for (auto payload : {"a", "b", "c"})
    offer("block", payload);

  CHECK(offer("block", "d", patience::none));

  CHECK(dropped(drop_reason::inbox_full) == 1);
}

TEST_CASE_FIXTURE(promises, "block fills what may wait for nowhere first") {
  out.patch({1, {{"block", endpoint{}}}});
  for (std::size_t i = 0; i < limits::held_events; ++i)
    CHECK(offer("block", "x"));

  CHECK(!offer("block", "y"));
  CHECK(hood->counts.dropped() == 0);
}

TEST_CASE_FIXTURE(promises, "a channel without promises drops the newest") {
  out.patch({1, {{"plain", near()}}});
  for (auto payload : {"a", "b", "c", "d"})
    CHECK(offer("plain", payload));

  CHECK(taken() == strings{"a", "b", "c"});
  CHECK(dropped(drop_reason::inbox_full) == 1);
  CHECK(!out.due());
}

// -- delivery -----------------------------------------------------------------

TEST_CASE_FIXTURE(promises, "what is delivered at least once waits for room") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  for (auto payload : {"a", "b", "c", "d"})
    CHECK(offer("sure", payload));
  CHECK(taken() == strings{"1a", "2b", "3c"});
  CHECK(hood->counts.sent() == 3);

  make_room(x);

  CHECK(taken() == strings{"4d"});
  CHECK(hood->counts.sent() == 4);
  CHECK(hood->counts.dropped() == 0);
}

TEST_CASE_FIXTURE(promises, "who replaces a target gets what it left open") {
  auto x = near(), y = near();
  out.patch({1, {{"sure", x}}});
  for (auto payload : {"a", "b", "c"})
    offer("sure", payload);
  taken();
  confirm(x, 1);

  out.patch({2, {{"sure", endpoint{}}}});
  offer("sure", "d");
  out.patch({3, {{"sure", y}}});

  CHECK(taken() == strings{"2b", "3c", "4d"});
}

TEST_CASE_FIXTURE(promises,
                  "who takes over from a target is sent nothing twice") {
  auto x = near(), y = near();
  y.predecessor = x.instance;
  out.patch({1, {{"sure", x}}});
  offer("sure", "a");
  taken();

  out.patch({2, {{"sure", y}}});
  offer("sure", "b");

  CHECK(taken() == strings{"", "", "2b"}); // and two barriers
}

TEST_CASE_FIXTURE(promises, "others cannot confirm for a target") {
  auto x = near(), stranger = near();
  out.patch({1, {{"sure", x}}});
  offer("sure", "a");
  taken();

  confirm(stranger, 1);
  out.patch({2, {{"sure", near()}}});

  CHECK(taken() == strings{"1a"});
}

TEST_CASE_FIXTURE(promises, "a successor may confirm before it is known") {
  auto x = near(), y = near();
  y.predecessor = x.instance;
  out.patch({1, {{"sure", x}}});
  offer("sure", "a");
  taken();

  confirm(y, 1);
  out.patch({2, {{"sure", y}}});
  out.patch({3, {{"sure", near()}}});

  CHECK(std::ranges::count(taken(), "1a") == 0);
}

TEST_CASE_FIXTURE(promises, "a target that says nothing is asked again") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  offer("sure", "a");
  offer("sure", "b");
  taken();
  REQUIRE(out.due() == clock().now() + limits::unconfirmed_min);
  out.retry();
  CHECK(taken().empty());

  pass(limits::unconfirmed_min);
  out.retry();

  CHECK(taken() == strings{"1a"});
  CHECK(out.due() == clock().now() + 2 * limits::unconfirmed_min);
  CHECK(hood->counts.sent() == 3);
}

TEST_CASE_FIXTURE(promises, "a target that misses some gets them again") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  for (auto payload : {"a", "b", "c"})
    offer("sure", payload);
  taken();
  make_room(x);
  auto gap = said(event_kind::handled, x, 1);
  gap.call = 1;

  out.confirm(gap);

  CHECK(taken() == strings{"2b", "3c"});
}

TEST_CASE_FIXTURE(promises, "poison is dropped, and what follows is sent") {
  auto a = near();
  out.patch({1, {{"sure", a}}});
  offer("sure", "bad");
  offer("sure", "good");
  taken();
  for (std::uint64_t revision = 2; revision <= 4; ++revision) {
    out.confirm(said(event_kind::trapped, a, 1));
    a = near();
    out.patch({revision, {{"sure", a}}});
    if (revision < 4)
      CHECK(taken() == strings{"1bad", "2good"});
  }

  CHECK(taken() == strings{"2good"});
  CHECK(dropped(drop_reason::poison) == 1);
}

TEST_CASE_FIXTURE(promises, "no more is kept than may be") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  for (std::size_t i = 0; i < limits::unconfirmed_events; ++i)
    CHECK(offer("sure", "x"));

  CHECK(!offer("sure", "y"));
  CHECK(offer("sure", "y", patience::none));
  CHECK(dropped(drop_reason::blocked_too_long) == 1);
  taken();
  confirm(x, 1);
  CHECK(offer("sure", "y"));
}

TEST_CASE_FIXTURE(promises, "a function never waits for itself") {
  endpoint me;
  me.node = hood->self;
  me.instance = myself;
  out.patch({1, {{"sure", me}}});
  for (std::size_t i = 0; i < limits::unconfirmed_events; ++i)
    offer("sure", "x");

  CHECK(offer("sure", "y"));

  CHECK(dropped(drop_reason::blocked_too_long) == 1);
}

TEST_CASE_FIXTURE(promises, "what never left is counted at the end") {
  out.patch({1, {{"sure", near()}}});
  for (auto payload : {"a", "b", "c", "d", "e"})
    offer("sure", payload);
  taken();

  out.clear(drop_reason::stopped);

  CHECK(hood->counts.sent() == 5);
  CHECK(dropped(drop_reason::stopped) == 2);
}

TEST_CASE_FIXTURE(promises, "what is kept goes to the successor") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  for (auto payload : {"a", "b", "c", "d"})
    offer("sure", payload);
  taken();
  confirm(x, 1);
  auto heir = make_heir(x);
  heir.offer("sure", "mine", patience::none);

  out.end(successor);
  settle();
  for (auto& gift : gifts)
    heir.inherit(gift);
  make_room(x);
  heir.flush();

  // The end of one way, the beginning of another.
  CHECK(taken() == strings{"", "", "4d", "5mine"});
}

TEST_CASE_FIXTURE(promises, "a successor does not wait for ever") {
  auto x = near();
  auto heir = make_heir(x);
  heir.offer("sure", "mine", patience::none);
  heir.await_inheritance();
  heir.flush();
  CHECK(taken() == strings{""});

  pass(limits::barrier);
  heir.retry();
  heir.flush();

  CHECK(taken() == strings{"1mine"});
}

TEST_CASE_FIXTURE(promises, "what comes too late is sent anew") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  offer("sure", "a");
  taken();
  auto heir = make_heir(x);
  heir.await_inheritance();
  pass(limits::barrier);
  heir.retry();

  out.end(successor);
  settle();
  for (auto& gift : gifts)
    heir.inherit(gift);
  heir.flush();

  CHECK(taken() == strings{"", "", "1a"});
}

TEST_CASE_FIXTURE(promises, "only a predecessor leaves anything") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  offer("sure", "a");
  taken();
  out.end(successor);
  settle();
  taken();
  auto heir = make_heir(x, {any<node_id>(), myself});

  for (auto& gift : gifts)
    heir.inherit(gift);
  pass(limits::node_start);
  heir.retry();
  heir.flush();

  CHECK(taken() == strings{""});
}
