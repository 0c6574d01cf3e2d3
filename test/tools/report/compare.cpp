// SPDX-License-Identifier: MIT
#include "tools/report/compare.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::benchmark;

namespace {

row rates(std::vector<double> samples) {
  return {"casts", unit::per_second, std::move(samples)};
}

row times(std::vector<double> samples) {
  return {"call", unit::seconds, std::move(samples)};
}

std::string refusal(const std::string& text) {
  auto x = parse_report(text);
  return x ? "" : explain(x.error());
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("compare: reads the JSON that a report has written") {
  auto x = parse_report(json({rates({1, 2, 3.5}), times({})}));

  REQUIRE(x);
  CHECK(x->machine == machine());
  REQUIRE(x->rows.size() == 2);
  CHECK(x->rows.at("casts").samples == std::vector<double>{1, 2, 3.5});
  CHECK(x->rows.at("casts").unit == unit::per_second);
  CHECK(x->rows.at("call").unit == unit::seconds);
}

TEST_CASE("compare: refuses other JSON and says why") {
  CHECK(contains(refusal(""), "1:1"));
  CHECK(contains(refusal("[]"), "no rows"));
  CHECK(contains(refusal("{}"), "no rows"));
  CHECK(contains(refusal(R"({"rows": 1})"), "no rows"));
  CHECK(contains(refusal(R"({"rows": [1]})"), "not an object"));
  CHECK(contains(refusal(R"({"rows": [{}]})"), "without a name"));
  CHECK(contains(refusal(R"({"rows": [{"what": "x"}]})"), "unknown unit"));
  CHECK(contains(refusal(R"({"rows": [{"what": "x", "unit": "s"}]})"),
                 "x has no samples"));
  CHECK(contains(
    refusal(R"({"rows": [{"what": "x", "unit": "s", "samples": ["1"]}]})"),
    "not a number"));
  CHECK(contains(refusal(json({rates({1}), times({2}), rates({3})})),
                 "two rows called \"casts\""));
}

TEST_CASE("compare: overlapping interquartile ranges are noise") {
  CHECK(compare(rates({1, 2, 3, 4}), rates({2, 3, 4, 5})) == change::noise);
  CHECK(compare(rates({1}), rates({1})) == change::noise);
}

TEST_CASE("compare: a change of the median by two percent is noise") {
  CHECK(compare(times({100, 100}), times({102, 102})) == change::noise);
  CHECK(compare(times({100, 100}), times({103, 103})) == change::worse);
}

TEST_CASE("compare: outliers do not hide a change") {
  CHECK(compare(rates({1, 10, 11, 10, 11, 10, 11, 90}),
                rates({2, 20, 21, 20, 21, 20, 21, 80}))
        == change::better);
}

TEST_CASE("compare: higher rates and lower times are better") {
  CHECK(compare(rates({1, 1, 1}), rates({2, 2, 2})) == change::better);
  CHECK(compare(rates({2, 2, 2}), rates({1, 1, 1})) == change::worse);
  CHECK(compare(times({2, 2, 2}), times({1, 1, 1})) == change::better);
  CHECK(compare(times({1, 1, 1}), times({2, 2, 2})) == change::worse);
}

TEST_CASE(
  "compare: rows without samples or with another unit are not compared") {
  CHECK(compare(rates({}), rates({1})) == change::none);
  CHECK(compare(rates({1}), rates({})) == change::none);
  CHECK(compare(rates({1}), times({1})) == change::none);
}

TEST_CASE("compare: the table has each row of both reports") {
  auto before = parse_report(
    json({rates({1e6}), times({1e-3, 1e-3}), {"old", unit::count, {1}}}));
  REQUIRE(before);
  auto text = comparison(*before, {rates({1e6}),
                                   times({2e-3}),
                                   {"fresh", unit::bytes, {1024}},
                                   {"broken", unit::bytes}});

  CHECK(contains(text, "| casts | 1 M/s | 1 M/s | 0 % | within the noise |\n"));
  CHECK(contains(text, "| call | 1 ms | 2 ms | +100.0 % | **worse** |\n"));
  CHECK(contains(text, "| fresh | none | 1 KiB | | new |\n"));
  CHECK(contains(text, "| broken | none | none | | new |\n"));
  CHECK(contains(text, "| old | 1 | none | | gone |\n"));
  CHECK(contains(text, "rows: 1 **worse**, 1 gone, 2 new, 1 within the noise"));
}
