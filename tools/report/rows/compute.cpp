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

/// An event of vector_mul: an id and so many numbers.
std::string numbers_event(int size) {
  std::mt19937 random_source{42};
  std::string result = "1";
  for (int i = 0; i < size; ++i)
    result += "," + std::to_string(random_source() % 1'000'000 * 1e-6f);
  return result;
}

/// Cores of a virtual machine are not equal: all guests compute on the last
/// one. Whoever waits for a guest in another process does so on the first, and
/// leaves the last one to it.
class turn {
public:
  explicit turn(bool waits) {
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

  turn(const turn&) = delete;

  ~turn() {
    sched_setaffinity(0, sizeof all_, &all_);
  }

private:
  cpu_set_t all_;
};

struct contender {
  row line;
  std::unique_ptr<guest_harness> guest;
  bool elsewhere = false; ///< in a process of its own
};

/// All of them in turn, so that the same moment is the same for all; the first
/// is the floor of the others. A turn should take some 50 ms: a core that was
/// idle is slow at first.
rows interleaved(const plan& how, std::vector<contender> all, int count,
                 const std::string& payload) {
  for (std::size_t i = 0; i < how.repeats(60) + 3; ++i)
    for (auto& x : all) {
      turn mine{x.elsewhere};
      auto taken = x.guest->handle(count, payload);
      if (!taken)
        x.line.failure = x.guest->fault();
      else if (i >= 3)
        x.line.samples.push_back(*taken);
    }
  auto& floor = all.front().line;
  rows result;
  for (std::size_t k = 1; k < all.size(); ++k) {
    all[k].line.floor = {floor.what, median(floor.samples)};
    result.push_back(std::move(all[k].line));
  }
  return result;
}

std::unique_ptr<guest_harness>
start_vectors(guest_engine& where, const std::string& module, int size) {
  return std::make_unique<guest_harness>(
    where, module, "seed=1,input_size=" + std::to_string(size));
}

/// An event of vector_mul, by the engine without checks, in a process of its
/// own, and in that of the node.
rows isolation(const plan& how, guest_engine& bare, guest_engine& engine,
               int size, int count) {
  auto fast = vector_mul_module();
  auto name = "vector_mul of " + std::to_string(size);
  std::vector<contender> all;
  all.push_back({{"the engine alone, without any check", unit::seconds},
                 start_vectors(bare, fast, size)});
  all.push_back(
    {{name + ", in a process of its own (aim: 1.05x)", unit::seconds},
     start_vectors(engine.sandboxed(), fast, size),
     true});
  all.push_back({{name + ", in the process of the node", unit::seconds},
                 start_vectors(engine, fast, size)});
  return interleaved(how, std::move(all), count, numbers_event(size));
}

rows small_events(const plan& how, guest_engine& bare, guest_engine& engine) {
  auto fast = vector_mul_module();
  std::vector<contender> all;
  all.push_back({{"the engine alone, without any check", unit::seconds},
                 start_vectors(bare, fast, 1)});
  all.push_back(
    {{"a small event for a process of its own (aim: 30 us)", unit::seconds},
     start_vectors(engine.sandboxed(), fast, 1),
     true});
  return interleaved(how, std::move(all), 1000, "1,0.5");
}

/// What `function build` makes of a function, beside a build that does not
/// care.
rows builds(const plan& how, guest_engine& engine, const std::string& name,
            const std::string& naive, const std::string& fast,
            const std::string& init, int count, const std::string& payload) {
  std::vector<contender> all;
  all.push_back(
    {{"the same source, without optimisation and SIMD", unit::seconds},
     std::make_unique<guest_harness>(engine, naive, init)});
  all.push_back({{name + ", as `function build` makes it", unit::seconds},
                 std::make_unique<guest_harness>(engine, fast, init)});
  return interleaved(how, std::move(all), count, payload);
}

} // namespace

rows compute(const plan& how) {
  engine_settings settings;
  settings.cache = how.scratch / "code";
  auto engine = make_wasm_engine(settings);
  settings.checks_of_shared = checks::none;
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
