// SPDX-License-Identifier: MIT
#include "runtime/metrics/function_histograms.hpp"

#include "runtime/metrics/event_timer.hpp"

#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("function_histograms: a function has a histogram while it runs") {
  function_histograms x;
  auto histogram_entry = x.open({0, 1}, "RUST_WASM");
  CHECK(histogram_entry->function_id == to_string(physical_id{0, 1}));
  CHECK(x.read().running.at("RUST_WASM") == 1);
  CHECK(x.read().histograms.size() == 1);

  x.close({0, 1});

  CHECK(x.read().histograms.empty());
  CHECK(x.read().running.empty());
}

TEST_CASE("function_histograms: beyond the limit, functions share one "
          "histogram per type") {
  function_histograms x;
  for (std::uint64_t i = 1; i <= limits::function_series + 2; ++i)
    x.open({0, i}, "RUST_WASM");

  auto now = x.read();
  CHECK(now.histograms.size() == limits::function_series + 1);
  CHECK(now.histograms.back()->function_id == "other");
  CHECK(now.running.at("RUST_WASM") == limits::function_series + 2);
  CHECK(now.sharing == 2);
}

TEST_CASE(
  "function_histograms: a closed histogram makes room for another function") {
  function_histograms x;
  for (std::uint64_t i = 1; i <= limits::function_series; ++i)
    x.open({0, i}, "RUST_WASM");
  x.close({0, 7});

  CHECK(x.open({1, 1}, "RUST_WASM")->function_id != "other");
  CHECK(x.open({1, 2}, "RUST_WASM")->function_id == "other");
}

TEST_CASE(
  "function_histograms: closing twice or an unknown instance has no effect") {
  function_histograms x;
  x.open({0, 1}, "RUST_WASM");

  x.close({0, 2});
  x.close({0, 1});
  x.close({0, 1});

  CHECK(x.read().running.empty());
}

TEST_CASE("event_timer: measures casts and calls separately") {
  auto histogram_entry = std::make_shared<function_histogram>();
  event_timer x;
  x.start(histogram_entry, true);
  x.enter();
  x.skip(); // init
  x.lap(false);
  x.lap(true);
  x.lap(false);
  x.leave();

  CHECK(histogram_entry->casts.read().count() == 2);
  CHECK(histogram_entry->calls.read().count() == 1);
  CHECK(x.take().size() == 3);
  CHECK(x.take().empty());
}

TEST_CASE("event_timer: an event that took several slices is one sample") {
  event_timer x;
  x.start(nullptr, true);
  for (int i = 0; i < 3; ++i) {
    x.enter();
    x.leave();
  }
  CHECK(x.waiting() == 0);
  x.enter();
  x.lap(false);
  x.leave();

  CHECK(x.waiting() == 1);
}

TEST_CASE("event_timer: measures nothing when switched off") {
  event_timer x;
  x.start(nullptr, false);
  x.enter();
  x.lap(false);
  x.leave();

  CHECK(x.waiting() == 0);
}

TEST_CASE("event_timer: keeps the newest samples and counts the dropped ones") {
  event_timer x;
  x.start(nullptr, true);
  x.enter();
  for (std::size_t i = 0; i < 3 * limits::samples; ++i)
    x.lap(false);
  x.leave();

  CHECK(x.take().size() == limits::samples);
  CHECK(x.take_omitted() == 2 * limits::samples);
  CHECK(x.take_omitted() == 0);
}
