// SPDX-License-Identifier: MIT
#include "test/simulation/large_domain.hpp"

#include "test/fixtures/world.hpp"

#include "runtime/placement/health.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>

namespace edgeless::test {

namespace {

constexpr std::size_t functions_per_workflow = 100;

/// Prints how long each step took on the machine's clock, and the memory in
/// use.
class step_log {
public:
  void print(const std::string& what) {
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

struct large_domain : world {
  large_domain(std::size_t nodes, std::size_t functions)
    : size{nodes}, functions{functions} {
    scripts["idle"] = [](guest_host&, const guest_event&) {
      return step{};
    };
  }

  void add_nodes() {
    for (std::size_t i = 0; i < size; ++i)
      add_node("node-" + std::to_string(i));
  }

  /// Rings of functions. False if the controller refuses a workflow.
  bool start_functions() {
    for (std::size_t started = 0; started < functions;
         started += functions_per_workflow) {
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

  void kill_tenth() {
    lines killed;
    for (std::size_t i = 0; i < size; i += 10)
      killed.push_back("node-" + std::to_string(i));
    kill(killed);
  }

  /// Whether each function runs exactly once, and where its component says.
  bool all_placed() {
    auto& orchestrator = orchestrator_state_of();
    std::map<logical_id, std::size_t> running;
    for (auto& name : nodes())
      for (auto& [instance, x] : node_state_of(name).instances)
        running[x.spec.id]
          += x.is_running()
             && orchestrator.components->find(x.spec.id)->instance == instance;
    return running.size() == functions
           && std::ranges::all_of(running,
                                  [](auto& x) { return x.second == 1; });
  }

  /// The most and the fewest functions on a node.
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

bool simulate_large_domain(std::size_t nodes, std::size_t functions) {
  step_log log;
  large_domain all{nodes, functions};
  all.add_nodes();
  log.print(std::to_string(nodes) + " nodes join");
  if (!all.start_functions())
    return false;
  log.print(std::to_string(functions) + " functions start");
  all.run_for(10s);
  log.print("five keep-alive periods");
  all.kill_tenth();
  log.print(std::to_string((nodes + 9) / 10)
            + " nodes killed, their functions relocated");
  all.run_for(4s);
  log.print("two keep-alive periods");
  auto good = all.all_placed();
  auto [most, fewest] = all.spread();
  log.print(std::string{good ? "all placed" : "NOT all placed"} + ", "
            + std::to_string(fewest) + " to " + std::to_string(most)
            + " functions per node");
  return good;
}

} // namespace edgeless::test
