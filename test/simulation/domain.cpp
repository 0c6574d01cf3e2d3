// SPDX-License-Identifier: MIT
#include "test/simulation/domain.hpp"

#include "test/fixtures/world.hpp"

#include "runtime/placement/health.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>

namespace edgeless::test {

namespace {

constexpr std::size_t functions_per_workflow = 100;

/// Prints how long a step took on the clock of the machine, and what memory
/// there is by now.
class protocol {
public:
  void line(const std::string& what) {
    auto now = std::chrono::steady_clock::now();
    std::chrono::duration<double> took = now - begin_;
    std::cout << what << ": " << took.count() << " s, "
              << health_probe{}.sample().proc_memory / 1024 << " MiB"
              << std::endl;
    begin_ = std::chrono::steady_clock::now();
  }

private:
  std::chrono::steady_clock::time_point begin_
    = std::chrono::steady_clock::now();
};

struct crowd : world {
  crowd(std::size_t nodes, std::size_t functions)
    : size{nodes}, functions{functions} {
    scripts["idle"] = [](guest_host&, const guest_event&) {
      return step{};
    };
  }

  void form() {
    for (std::size_t i = 0; i < size; ++i)
      add_node("node-" + std::to_string(i));
  }

  /// Each function feeds the next one.
  bool host() {
    for (std::size_t made = 0; made < functions;
         made += functions_per_workflow) {
      std::vector<component_draft> all;
      for (std::size_t i = 0; i < functions_per_workflow; ++i)
        all.push_back(function(
          "f" + std::to_string(i), "idle",
          {{"out", "f" + std::to_string((i + 1) % functions_per_workflow)}}));
      if (try_start(std::move(all)))
        return false;
    }
    return true;
  }

  void strike() {
    lines gone;
    for (std::size_t i = 0; i < size; i += 10)
      gone.push_back("node-" + std::to_string(i));
    kill(gone);
  }

  /// Everybody has one home, and that is where it runs.
  bool settled() {
    auto& brain = orchestrator_state_of();
    std::map<logical_id, std::size_t> seen;
    for (auto& name : nodes())
      for (auto& [instance, x] : node_state_of(name).instances)
        seen[x.spec.id]
          += x.is_running()
             && brain.components.at(x.spec.id).instance == instance;
    return seen.size() == functions
           && std::ranges::all_of(seen, [](auto& x) { return x.second == 1; });
  }

  /// How many functions the fullest node has, and how many the emptiest.
  std::pair<std::size_t, std::size_t> spread() {
    std::size_t most = 0, fewest = functions;
    for (auto& name : nodes()) {
      auto count = node_state_of(name).instances.size();
      most = std::max(most, count);
      fewest = std::min(fewest, count);
    }
    return {most, fewest};
  }

  std::size_t size;
  std::size_t functions;
};

} // namespace

bool simulate_domain(std::size_t nodes, std::size_t functions) {
  protocol out;
  crowd all{nodes, functions};
  all.form();
  out.line(std::to_string(nodes) + " nodes join");
  if (!all.host())
    return false;
  out.line(std::to_string(functions) + " functions start");
  all.run_for(10s);
  out.line("five keep-alive periods");
  all.strike();
  out.line(std::to_string((nodes + 9) / 10) + " nodes die, and all have homes");
  all.run_for(4s);
  out.line("two keep-alive periods");
  auto good = all.settled();
  auto [most, fewest] = all.spread();
  out.line(std::string{good ? "settled" : "NOT settled"} + ", "
           + std::to_string(fewest) + " to " + std::to_string(most)
           + " functions per node");
  return good;
}

} // namespace edgeless::test
