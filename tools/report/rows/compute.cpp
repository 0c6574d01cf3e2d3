// SPDX-License-Identifier: MIT
#include "tools/report/harness/in_process/guest_harness.hpp"
#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/interleave.hpp"
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

/// A guest that handles `count` events per turn. A turn should take some 50 ms:
/// a core that was idle is slow at first.
variant variant_of(row line, guest_engine& engine, const std::string& module,
                   const std::string& init, int count,
                   const std::string& payload, bool in_child_process = false) {
  auto guest = std::make_shared<guest_harness>(engine, module, init);
  return {std::move(line), [=]() -> caf::expected<std::vector<double>> {
            core_pin pin{in_child_process};
            if (auto seconds = guest->handle(count, payload))
              return std::vector{*seconds};
            return fail(ec::guest_fault, guest->fault());
          }};
}

/// The rows of all variants but the first one, their baseline.
rows measure(const plan& how, const std::vector<variant>& variants) {
  auto result = interleave(how.repeats(60), 3, variants);
  result.erase(result.begin());
  return result;
}

row compared_with(const baseline& x, const std::string& what) {
  return {what, unit::seconds, {}, x};
}

const baseline unchecked{"the engine alone, without any check"};
const baseline unoptimised{"the same source, without optimisation and SIMD"};

/// An event of vector_mul: in the engine without checks, in a process of its
/// own, and in the process of the node.
rows isolation(const plan& how, guest_engine& bare, guest_engine& engine,
               int size, int count) {
  auto module = vector_mul_module();
  auto init = "seed=1,input_size=" + std::to_string(size);
  auto payload = numbers_event(size);
  auto name = "vector_mul of " + std::to_string(size);
  return measure(
    how,
    {variant_of({}, bare, module, init, count, payload),
     variant_of(compared_with(unchecked,
                              name + ", in a process of its own (aim: 1.05x)"),
                engine.sandboxed(), module, init, count, payload, true),
     variant_of(compared_with(unchecked, name + ", in the process of the node"),
                engine, module, init, count, payload)});
}

rows small_events(const plan& how, guest_engine& bare, guest_engine& engine) {
  auto module = vector_mul_module();
  auto init = "seed=1,input_size=1";
  return measure(
    how, {variant_of({}, bare, module, init, 1000, "1,0.5"),
          variant_of(
            compared_with(
              unchecked, "a small event for a process of its own (aim: 30 us)"),
            engine.sandboxed(), module, init, 1000, "1,0.5", true)});
}

/// The flags of `function build`, compared with a build without optimisation.
rows builds(const plan& how, guest_engine& engine, const std::string& name,
            const std::string& naive, const std::string& fast,
            const std::string& init, int count, const std::string& payload) {
  return measure(
    how, {variant_of({}, engine, naive, init, count, payload),
          variant_of(
            compared_with(unoptimised, name + ", as `function build` makes it"),
            engine, fast, init, count, payload)});
}

} // namespace

rows compute(const plan& how) {
  engine_settings settings;
  settings.cache = how.scratch / "code";
  auto engine = make_wasm_engine(settings);
  settings.checks_of_shared = checks::none;
  auto bare = make_wasm_engine(settings);
  rows result;
  append(result, isolation(how, *bare, *engine, 3000, 25));
  append(result, isolation(how, *bare, *engine, 1000, 200));
  append(result, small_events(how, *bare, *engine));
  append(result, builds(how, *engine, "vector_mul of 3000",
                        vector_mul_naive_module(), vector_mul_module(),
                        "seed=1,input_size=3000", 4, numbers_event(3000)));
  for (auto size : {"100", "300"})
    append(result, builds(how, *engine, std::string{"matrix_mul of "} + size,
                          matrix_mul_naive_module(), matrix_mul_module(),
                          std::string{"matrix_size="} + size, 1, "1"));
  append(result, numbers(how, *bare));
  return result;
}

} // namespace edgeless::benchmark
