// SPDX-License-Identifier: MIT
#pragma once

#include "test/actors/lab.hpp"

#include "actors/outbox.hpp"

#include <doctest/doctest.h>

namespace edgeless::test {

using strings = std::vector<std::string>;
using patience = outbox::patience;

inline constexpr std::uint32_t places = 3;

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

  /// What is on its way arrives while there is somebody to write it down.
  ~promises() {
    settle();
  }

  /// The outputs of the successor, which lead to `x`.
  outbox make_heir(const endpoint& x, const std::string& channel = "sure") {
    return make_heir(x, {hood->self, myself}, channel);
  }

  outbox make_heir(const endpoint& x, const instance_id& predecessor,
                   const std::string& channel = "sure") {
    outbox heir{hood,
                links,
                {successor.node, successor.instance},
                any<logical_id>(),
                clock(),
                {{"sure", {full_policy::drop_newest, true}},
                 {"block", {full_policy::block, false}}},
                99};
    heir.succeed(predecessor);
    heir.patch({1, {{channel, x}}});
    return heir;
  }

  /// It knows its successor now, and leaves it what it has.
  void bequeath(outbox& heir) {
    out.end(successor);
    settle();
    for (auto& gift : gifts)
      heir.inherit(gift);
  }

  /// A successor that was told too late.
  outbox make_late_heir(const endpoint& x,
                        const std::string& channel = "sure") {
    auto heir = make_heir(x, channel);
    heir.await_inheritance();
    pass(limits::barrier);
    heir.retry();
    return heir;
  }

  void say(const std::string& channel, const strings& all) {
    for (auto& x : all)
      offer(channel, x);
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

  endpoint far() {
    endpoint x;
    x.node = any<node_id>();
    x.instance = any<physical_id>();
    x.invocation_url = "http://far:7002";
    return x;
  }

  /// As many as may be open.
  void fill(const std::string& channel) {
    for (std::size_t i = 0; i < limits::unconfirmed_events; ++i)
      CHECK(offer(channel, "x"));
  }

  /// The target has handled three more.
  void make_room(const endpoint& where) {
    auto& room = *rooms.at(where.instance);
    room.give_back(room.events(), room.bytes());
  }

  /// Three events of "sure", of which only the first was sent again.
  endpoint repeat_first_of_three() {
    auto x = near();
    out.patch({1, {{"sure", x}}});
    say("sure", {"a", "b", "c"});
    taken();
    make_room(x);
    pass(limits::unconfirmed_min);
    out.retry();
    REQUIRE(taken() == std::vector<std::string>{"1a"});
    return x;
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

} // namespace edgeless::test
