// SPDX-License-Identifier: MIT
#include "tools/loadgen/arrivals.hpp"

#include "tools/loadgen/random.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::benchmark;
using namespace std::chrono_literals;

namespace {

using us = std::chrono::microseconds;

arrival_settings of(const std::string& model) {
  arrival_settings result;
  result.model = model;
  result.duration = 100;
  result.interarrival = 1;
  result.lifetime = 10;
  return result;
}

arrival_model make(const arrival_settings& x, const std::string& trace = "") {
  auto result = arrival_model::make(x, trace, seeded_chance(42));
  REQUIRE(result);
  return std::move(*result);
}

std::string refusal(const arrival_settings& x, const std::string& trace = "") {
  auto result = arrival_model::make(x, trace, seeded_chance(42));
  return result ? "" : explain(result.error());
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("poisson: pauses and lives are exponentially distributed") {
  auto model = make(of("poisson"));
  us now{0};
  double pauses = 0, squares = 0, lives = 0;
  constexpr int count = 10'000;
  for (int i = 0; i < count; ++i) {
    auto x = model.next(now);
    REQUIRE(x);
    CHECK(x->begin >= now);
    CHECK(x->end >= x->begin);
    auto pause = std::chrono::duration<double>(x->begin - now).count();
    pauses += pause;
    squares += pause * pause;
    lives += std::chrono::duration<double>(x->end - x->begin).count();
    now = x->begin;
  }
  CHECK(pauses / count == doctest::Approx(1).epsilon(0.05));
  CHECK(lives / count == doctest::Approx(10).epsilon(0.05));
  // Only of an exponential distribution the mean square is twice this.
  CHECK(squares / count == doctest::Approx(2).epsilon(0.1));
}

TEST_CASE("the same seed makes the same experiment, another one another") {
  auto first = make(of("poisson")), second = make(of("poisson"));
  auto other = *arrival_model::make(of("poisson"), "", seeded_chance(43));
  auto x = first.next(us{0});

  CHECK(x == second.next(us{0}));
  CHECK(x != other.next(us{0}));
}

TEST_CASE("incremental: one every pause, each with the same life") {
  auto model = make(of("incremental"));
  for (int i = 0; i < 10; ++i)
    CHECK(model.next(us{0}) == arrival{i * 1s, i * 1s + 10s});
}

TEST_CASE("incr-and-keep: until it is warm, and to the end") {
  auto x = of("incr-and-keep");
  x.warmup = 50;
  auto model = make(x);
  for (int i = 0; i < 50; ++i)
    CHECK(model.next(us{0}) == arrival{i * 1s, 100s + 1us});
  CHECK(!model.next(us{0}));
}

TEST_CASE("single: one from the beginning to the end") {
  auto model = make(of("single"));
  CHECK(model.next(us{42}) == arrival{0s, 100s + 1us});
  CHECK(!model.next(us{42}));
}

TEST_CASE("trace: as the file says") {
  auto model = make(of("trace"), "0,10\n1.5, 11\r\n\n1.5,3");
  CHECK(model.next(us{0}) == arrival{0s, 10s});
  CHECK(model.next(us{0}) == arrival{1500ms, 11s});
  CHECK(model.next(us{0}) == arrival{1500ms, 3s});
  CHECK(!model.next(us{0}));
}

TEST_CASE("what is wrong with a trace is said with its line") {
  auto x = of("trace");
  CHECK(says(refusal(x), "names no workflow"));
  CHECK(says(refusal(x, "0,1\nzero,1"), "line 2: must be ARRIVAL,END"));
  CHECK(says(refusal(x, "0"), "line 1: must be"));
  CHECK(says(refusal(x, "0,1,2"), "line 1: must be"));
  CHECK(says(refusal(x, "-1,1"), "line 1: must be"));
  CHECK(says(refusal(x, "0,1e300"), "line 1: must be"));
  CHECK(says(refusal(x, "nan,1"), "line 1: must be"));
  CHECK(says(refusal(x, "2,1"), "line 1: ends before"));
  CHECK(says(refusal(x, "2,3\n1,9"), "line 2: comes before"));
}

TEST_CASE("an unknown model is told which ones there are") {
  CHECK(says(refusal(of("")), "poisson, incremental"));
  CHECK(says(refusal(of("Poisson")), "poisson, incremental"));
}

TEST_CASE("times that make no sense are refused, where they count") {
  auto with = [](std::string model, auto change) {
    auto x = of(model);
    change(x);
    return refusal(x);
  };
  CHECK(says(with("single", [](auto& x) { x.duration = 0; }), "--duration"));
  CHECK(says(with("single", [](auto& x) { x.duration = 1e9; }), "--duration"));
  CHECK(says(with("single", [](auto& x) { x.warmup = 101; }), "--warmup"));
  CHECK(says(with("single", [](auto& x) { x.warmup = -1; }), "--warmup"));
  for (auto model : {"poisson", "incremental", "incr-and-keep"})
    CHECK(
      says(with(model, [](auto& x) { x.interarrival = 0; }), "--interarrival"));
  for (auto model : {"poisson", "incremental"})
    CHECK(says(with(model, [](auto& x) { x.lifetime = -1; }), "--lifetime"));
  CHECK(with("single", [](auto& x) { x.interarrival = x.lifetime = 0; }) == "");
}
