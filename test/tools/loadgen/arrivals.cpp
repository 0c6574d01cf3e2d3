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

arrival_settings settings_for(const std::string& model) {
  arrival_settings result;
  result.model = model;
  result.duration = 100;
  result.interarrival = 1;
  result.lifetime = 10;
  return result;
}

arrival_model make(const arrival_settings& x, const std::string& trace = "") {
  auto result = arrival_model::make(x, trace, seeded_random(42));
  REQUIRE(result);
  return std::move(*result);
}

std::string refusal(const arrival_settings& x, const std::string& trace = "") {
  auto result = arrival_model::make(x, trace, seeded_random(42));
  return result ? "" : explain(result.error());
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE(
  "arrivals: poisson draws exponential interarrival times and lifetimes") {
  auto model = make(settings_for("poisson"));
  us now{0};
  double pauses = 0, squares = 0, lifetimes = 0;
  constexpr int count = 10'000;
  for (int i = 0; i < count; ++i) {
    auto x = model.next(now);
    REQUIRE(x);
    CHECK(x->begin >= now);
    CHECK(x->end >= x->begin);
    auto pause = std::chrono::duration<double>(x->begin - now).count();
    pauses += pause;
    squares += pause * pause;
    lifetimes += std::chrono::duration<double>(x->end - x->begin).count();
    now = x->begin;
  }
  CHECK(pauses / count == doctest::Approx(1).epsilon(0.05));
  CHECK(lifetimes / count == doctest::Approx(10).epsilon(0.05));
  // The second moment of an exponential distribution is 2 * mean^2.
  CHECK(squares / count == doctest::Approx(2).epsilon(0.1));
}

TEST_CASE("arrivals: the seed determines the arrivals") {
  auto first = make(settings_for("poisson")),
       second = make(settings_for("poisson"));
  auto other
    = *arrival_model::make(settings_for("poisson"), "", seeded_random(43));
  auto x = first.next(us{0});

  CHECK(x == second.next(us{0}));
  CHECK(x != other.next(us{0}));
}

TEST_CASE(
  "arrivals: incremental starts one per interarrival time, with a fixed "
  "lifetime") {
  auto model = make(settings_for("incremental"));
  for (int i = 0; i < 10; ++i)
    CHECK(model.next(us{0}) == arrival{i * 1s, i * 1s + 10s});
}

TEST_CASE("arrivals: incr-and-keep starts workflows until the warm-up ends and "
          "keeps them") {
  auto x = settings_for("incr-and-keep");
  x.warmup = 50;
  auto model = make(x);
  for (int i = 0; i < 50; ++i)
    CHECK(model.next(us{0}) == arrival{i * 1s, 100s + 1us});
  CHECK(!model.next(us{0}));
}

TEST_CASE("arrivals: single starts one workflow for the whole experiment") {
  auto model = make(settings_for("single"));
  CHECK(model.next(us{42}) == arrival{0s, 100s + 1us});
  CHECK(!model.next(us{42}));
}

TEST_CASE("arrivals: trace follows the lines of the file") {
  auto model = make(settings_for("trace"), "0,10\n1.5, 11\r\n\n1.5,3");
  CHECK(model.next(us{0}) == arrival{0s, 10s});
  CHECK(model.next(us{0}) == arrival{1500ms, 11s});
  CHECK(model.next(us{0}) == arrival{1500ms, 3s});
  CHECK(!model.next(us{0}));
}

TEST_CASE("arrivals: an error in a trace names its line") {
  auto x = settings_for("trace");
  CHECK(contains(refusal(x), "names no workflow"));
  CHECK(contains(refusal(x, "0,1\nzero,1"), "line 2: must be ARRIVAL,END"));
  CHECK(contains(refusal(x, "0"), "line 1: must be"));
  CHECK(contains(refusal(x, "0,1,2"), "line 1: must be"));
  CHECK(contains(refusal(x, "-1,1"), "line 1: must be"));
  CHECK(contains(refusal(x, "0,1e300"), "line 1: must be"));
  CHECK(contains(refusal(x, "nan,1"), "line 1: must be"));
  CHECK(contains(refusal(x, "2,1"), "line 1: ends before"));
  CHECK(contains(refusal(x, "2,3\n1,9"), "line 2: comes before"));
}

TEST_CASE("arrivals: the error for an unknown model lists the models") {
  CHECK(contains(refusal(settings_for("")), "poisson, incremental"));
  CHECK(contains(refusal(settings_for("Poisson")), "poisson, incremental"));
}

TEST_CASE("arrivals: durations out of range are refused by the models that use "
          "them") {
  auto with = [](std::string model, auto change) {
    auto x = settings_for(model);
    change(x);
    return refusal(x);
  };
  CHECK(
    contains(with("single", [](auto& x) { x.duration = 0; }), "--duration"));
  CHECK(
    contains(with("single", [](auto& x) { x.duration = 1e9; }), "--duration"));
  CHECK(contains(with("single", [](auto& x) { x.warmup = 101; }), "--warmup"));
  CHECK(contains(with("single", [](auto& x) { x.warmup = -1; }), "--warmup"));
  for (auto model : {"poisson", "incremental", "incr-and-keep"})
    CHECK(contains(with(model, [](auto& x) { x.interarrival = 0; }),
                   "--interarrival"));
  for (auto model : {"poisson", "incremental"})
    CHECK(
      contains(with(model, [](auto& x) { x.lifetime = -1; }), "--lifetime"));
  CHECK(with("single", [](auto& x) { x.interarrival = x.lifetime = 0; }) == "");
}
