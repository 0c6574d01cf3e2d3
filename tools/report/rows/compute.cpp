// SPDX-License-Identifier: MIT
#include "tools/report/harness/guest_harness.hpp"
#include "tools/report/harness/modules.hpp"
#include "tools/report/parts.hpp"

#include "runtime/wasm/engine.hpp"

#include <sched.h>

#include <random>
#include <vector>

namespace edgeless::benchmark {

namespace {

/// An event of vector_mul: a transaction id and that many numbers.
std::string numbers_event(int size) {
  std::mt19937 random_source{42};
  std::string result = "1";
  for (int i = 0; i < size; ++i)
    result += "," + std::to_string(random_source() % 1'000'000 * 1e-6f);
  return result;
}

/// Pins this thread to a core while it exists. The cores of a virtual machine
/// differ in speed: all guests run on the last one, and a thread that waits for
/// a guest in another process runs on the first one.
class core_pin {
public:
  explicit core_pin(bool waits) {
    sched_getaffinity(0, sizeof all_, &all_);
    std::vector<int> cores;
    for (int i = 0; i < CPU_SETSIZE; ++i)
      if (CPU_ISSET(i, &all_))
        cores.push_back(i);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(waits ? cores.front() : cores.back(), &one);
    sched_setaffinity(0, sizeof one, &one);
  }

  core_pin(const core_pin&) = delete;

  ~core_pin() {
    sched_setaffinity(0, sizeof all_, &all_);
  }

private:
  cpu_set_t all_;
};

struct guest_variant {
  row line;
  std::unique_ptr<guest_harness> guest;
  bool in_child_process = false;
};

/// Measures the variants in turns, so that slow and fast phases of the machine
/// affect all of them alike. The first one is the baseline of the others. A
/// turn should take some 50 ms: a core that was idle is slow at first.
rows interleave(const plan& how, std::vector<guest_variant> all, int count,
                const std::string& payload) {
  for (std::size_t i = 0; i < how.repeats(60) + 3; ++i)
    for (auto& x : all) {
      core_pin pin{x.in_child_process};
      auto taken = x.guest->handle(count, payload);
      if (!taken)
        x.line.failure = x.guest->fault();
      else if (i >= 3)
        x.line.samples.push_back(*taken);
    }
  auto& baseline = all.front().line;
  rows result;
  for (std::size_t k = 1; k < all.size(); ++k) {
    all[k].line.baseline = {baseline.what, median(baseline.samples)};
    result.push_back(std::move(all[k].line));
  }
  return result;
}

std::unique_ptr<guest_harness>
start_vectors(guest_engine& engine, const std::string& module, int size) {
  return std::make_unique<guest_harness>(
    engine, module, "seed=1,input_size=" + std::to_string(size));
}

/// An event of vector_mul: in the engine without checks, in a process of its
/// own, and in the process of the node.
rows isolation(const plan& how, guest_engine& bare, guest_engine& engine,
               int size, int count) {
  auto fast = vector_mul_module();
  auto name = "vector_mul of " + std::to_string(size);
  std::vector<guest_variant> all;
  all.push_back({{"the engine alone, without any check", unit::seconds},
                 start_vectors(bare, fast, size)});
  all.push_back(
    {{name + ", in a process of its own (aim: 1.05x)", unit::seconds},
     start_vectors(engine.apart(), fast, size),
     true});
  all.push_back({{name + ", in the process of the node", unit::seconds},
                 start_vectors(engine, fast, size)});
  return interleave(how, std::move(all), count, numbers_event(size));
}

rows small_events(const plan& how, guest_engine& bare, guest_engine& engine) {
  auto fast = vector_mul_module();
  std::vector<guest_variant> all;
  all.push_back({{"the engine alone, without any check", unit::seconds},
                 start_vectors(bare, fast, 1)});
  all.push_back(
    {{"a small event for a process of its own (aim: 30 us)", unit::seconds},
     start_vectors(engine.apart(), fast, 1),
     true});
  return interleave(how, std::move(all), 1000, "1,0.5");
}

/// The flags of `function build`, compared with a build without optimisation.
rows builds(const plan& how, guest_engine& engine, const std::string& name,
            const std::string& naive, const std::string& fast,
            const std::string& init, int count, const std::string& payload) {
  std::vector<guest_variant> all;
  all.push_back(
    {{"the same source, without optimisation and SIMD", unit::seconds},
     std::make_unique<guest_harness>(engine, naive, init)});
  all.push_back({{name + ", as `function build` makes it", unit::seconds},
                 std::make_unique<guest_harness>(engine, fast, init)});
  return interleave(how, std::move(all), count, payload);
}

} // namespace

rows compute(const plan& how) {
  engine_settings settings;
  settings.cache = how.scratch / "code";
  auto engine = make_wasm_engine(settings);
  settings.asked = checks::none;
  auto bare = make_wasm_engine(settings);
  rows result;
  auto add = [&](rows more) {
    for (auto& x : more)
      result.push_back(std::move(x));
  };
  add(isolation(how, *bare, *engine, 3000, 25));
  add(isolation(how, *bare, *engine, 1000, 200));
  add(small_events(how, *bare, *engine));
  add(builds(how, *engine, "vector_mul of 3000", naive_vector_mul_module(),
             vector_mul_module(), "seed=1,input_size=3000", 4,
             numbers_event(3000)));
  for (auto size : {"100", "300"})
    add(builds(how, *engine, std::string{"matrix_mul of "} + size,
               naive_matrix_mul_module(), matrix_mul_module(),
               std::string{"matrix_size="} + size, 1, "1"));
  add(numbers(how, *bare));
  return result;
}

} // namespace edgeless::benchmark
