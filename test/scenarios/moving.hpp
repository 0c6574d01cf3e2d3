// SPDX-License-Identifier: MIT
#pragma once

#include "test/world.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

namespace edgeless::test {

/// Four nodes, generators that number what they send, and sinks that write it
/// down: outside of the runtime, so that nothing is forgotten in a move.
///   pump   casts the next number every millisecond, while `pumping`
///   pass   casts on what it gets
///   count  writes down what it gets, by the logical name of its source
///   tally  counts its casts, synced; writes down how far it has come
struct movers : world {
  explicit movers(std::uint64_t seed = 0)
    : world{options{.seed = seed + 1, .shuffled = seed > 0}} {
    scripts["pump"] = [this](guest_host& host, const guest_event& x) -> step {
      if (x.kind == hook::cast && pumping) {
        host.cast("out", std::to_string(made++));
        ++beats;
      }
      if (x.kind == hook::init || x.kind == hook::cast)
        (void)host.delayed_cast(pumping ? 1ms : 100ms, "self", "beat");
      return {};
    };
    scripts["pass"] = [](guest_host& host, const guest_event& x) -> step {
      if (x.kind == hook::cast)
        host.cast("out", x.payload);
      return {};
    };
    scripts["count"] = [this](guest_host&, const guest_event& x) -> step {
      if (x.kind == hook::cast)
        seen.push_back(std::stoi(x.payload));
      return {};
    };
    scripts["tally"] = [this](guest_host& host, const guest_event& x) -> step {
      auto& n = tallies[host.self().instance];
      if (x.kind == hook::init)
        n = x.state.empty() ? 0 : std::stoi(x.state);
      if (x.kind == hook::cast) {
        (void)host.sync(std::to_string(++n));
        note(host, "tally", " " + std::to_string(n));
      }
      return {};
    };
    for (auto name : {"node-1", "node-2", "node-3", "node-4"})
      add_node(name);
  }

  /// Lets them live there, wherever they were placed; the pumps need 100 ms to
  /// begin.
  void arrange(const std::vector<std::pair<std::string, std::string>>& homes) {
    auto paused = std::exchange(pumping, false);
    for (auto& [name, node] : homes)
      if (home(name) != node)
        REQUIRE(migrate(name, node));
    pass(6s);
    outcomes.clear();
    pumping = paused;
  }

  /// pump@node-1 -> pass@node-2 -> count@node-3
  void start_chain() {
    auto paused = std::exchange(pumping, false);
    start({function("source", "pump", {{"out", "middle"}}),
           function("middle", "pass", {{"out", "sink"}}),
           function("sink", "count")});
    arrange({{"source", "node-1"}, {"middle", "node-2"}, {"sink", "node-3"}});
    pumping = paused;
    pass(pumping ? 110ms : 0ms);
  }

  /// Whoever is ready runs, in turns, and time goes on meanwhile.
  void drive(int turns) {
    for (int i = 0; i < turns; ++i) {
      run(1);
      if (i % 4 == 0)
        hurry(1ms);
    }
  }

  /// The pumps pause, and what is under way arrives.
  void rest() {
    pumping = false;
    pass(12s);
  }

  /// Everything was seen, once and in order.
  bool intact() const {
    if (seen.size() != static_cast<std::size_t>(made))
      return false;
    for (int i = 0; i < made; ++i)
      if (seen[static_cast<std::size_t>(i)] != i)
        return false;
    return true;
  }

  /// Nothing but what an instance has sent to itself.
  bool lossless() const {
    return balanced() && dropped() == dropped(drop_reason::self);
  }

  bool pumping = true;
  int made = 0;
  int beats = 0;
  std::vector<int> seen;
  std::map<physical_id, int> tallies;
};

} // namespace edgeless::test
