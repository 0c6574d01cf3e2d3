// SPDX-License-Identifier: MIT
#include "runtime/wasm_engine.hpp"

#include <random>
#include <vector>

#include "tools/benchmark/lone_guest.hpp"
#include "tools/benchmark/modules.hpp"
#include "tools/benchmark/parts.hpp"

namespace edgeless::benchmark {

namespace {

/// An event of vector_mul: an id and so many numbers.
std::string numbers_event(int size) {
  std::mt19937 chance{42};
  std::string result = "1";
  for (int i = 0; i < size; ++i)
    result += "," + std::to_string(chance() % 1'000'000 * 1e-6f);
  return result;
}

/// All of them in turn, so that the same moment is the same for all; the first
/// is the floor of the others. A turn should take some 50 ms: a core that was
/// idle is slow at first.
rows interleaved(const plan& how, std::vector<row> lines,
                 std::vector<std::unique_ptr<lone_guest>> runners, int count,
                 const std::string& payload) {
  for (std::size_t i = 0; i < how.repeats(60) + 3; ++i)
    for (std::size_t k = 0; k < runners.size(); ++k) {
      auto taken = runners[k]->handle(count, payload);
      if (!taken)
        lines[k].failure = runners[k]->fault();
      else if (i >= 3)
        lines[k].samples.push_back(*taken);
    }
  for (std::size_t k = 1; k < lines.size(); ++k)
    lines[k].floor = {lines[0].what, median(lines[0].samples)};
  lines.erase(lines.begin());
  return lines;
}

} // namespace

rows compute(const plan& how) {
  wasm_engine_settings settings;
  settings.cache = how.scratch / "code";
  auto engine = make_wasm_engine(settings);
  settings.asked = checks::none;
  auto bare = make_wasm_engine(settings);
  auto fast = vector_mul_module(), naive = naive_vector_mul_module();
  auto make = [](guest_engine& where, const std::string& module, int size) {
    return std::make_unique<lone_guest>(
      where, module, "seed=1,input_size=" + std::to_string(size));
  };
  rows result;
  auto add = [&](rows more) {
    for (auto& x : more)
      result.push_back(std::move(x));
  };
  constexpr int size = 3000;
  for (auto n : {size, 1000}) {
    auto name = "vector_mul of " + std::to_string(n);
    std::vector<std::unique_ptr<lone_guest>> all;
    all.push_back(make(*bare, fast, n));
    all.push_back(make(engine->apart(), fast, n));
    all.push_back(make(*engine, fast, n));
    add(interleaved(
      how,
      {{"the engine alone, without any check", unit::seconds},
       {name + ", in a process of its own (aim: 1.05x)", unit::seconds},
       {name + ", in the process of the node", unit::seconds}},
      std::move(all), n == size ? 25 : 200, numbers_event(n)));
  }
  {
    std::vector<std::unique_ptr<lone_guest>> all;
    all.push_back(make(*bare, fast, 1));
    all.push_back(make(engine->apart(), fast, 1));
    add(interleaved(
      how,
      {{"the engine alone, without any check", unit::seconds},
       {"a small event for a process of its own (aim: 30 us)", unit::seconds}},
      std::move(all), 1000, "1,0.5"));
  }
  {
    std::vector<std::unique_ptr<lone_guest>> all;
    all.push_back(make(*engine, naive, size));
    all.push_back(make(*engine, fast, size));
    add(interleaved(
      how,
      {{"the same source, without optimisation and SIMD", unit::seconds},
       {"vector_mul of 3000, as `function build` makes it", unit::seconds}},
      std::move(all), 4, numbers_event(size)));
  }
  for (auto n : {"100", "300"}) {
    auto init = std::string{"matrix_size="} + n;
    std::vector<std::unique_ptr<lone_guest>> all;
    for (auto& module : {naive_matrix_mul_module(), matrix_mul_module()})
      all.push_back(std::make_unique<lone_guest>(*engine, module, init));
    add(interleaved(
      how,
      {{"the same source, without optimisation and SIMD", unit::seconds},
       {std::string{"matrix_mul of "} + n + ", as `function build` makes it",
        unit::seconds}},
      std::move(all), 1, "1"));
  }
  add(numbers(how, *bare));
  return result;
}

} // namespace edgeless::benchmark
