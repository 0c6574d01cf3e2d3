// SPDX-License-Identifier: MIT
#include "tools/report/report.hpp"

#include <boost/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <thread>

namespace edgeless::benchmark {

namespace {

struct scale {
  double from;
  const char* name;
};

constexpr std::array rates{scale{1e6, "M/s"}, scale{1e3, "k/s"},
                           scale{1, "/s"}};
constexpr std::array times{scale{1, "s"}, scale{1e-3, "ms"}, scale{1e-6, "µs"},
                           scale{1e-9, "ns"}};
constexpr std::array sizes{scale{1 << 20, "MiB"}, scale{1 << 10, "KiB"},
                           scale{1, "B"}};

template <std::size_t N>
std::string scaled(double value, const std::array<scale, N>& scales) {
  auto i = std::ranges::find_if(
    scales, [&](const scale& x) { return value >= x.from; });
  if (i == scales.end())
    --i;
  auto x = value / i->from;
  char text[64];
  // Measurements are not more precise than three digits.
  auto digits = x == std::floor(x) || x >= 100 ? 0 : x < 10 ? 2 : 1;
  std::snprintf(text, sizeof text, "%.*f %s", digits, x, i->name);
  return text;
}

std::string spread(const row& x) {
  auto [low, high] = std::ranges::minmax(x.samples);
  return readable(low, x.unit) + " .. " + readable(high, x.unit);
}

std::string ratio(const row& x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f",
                median(x.samples) / x.baseline->value);
  return text;
}

} // namespace

const char* symbol_of(unit x) {
  switch (x) {
  case unit::seconds:
    return "s";
  case unit::bytes:
    return "B";
  case unit::count:
    return "1";
  default:
    return "1/s";
  }
}

row must_be_zero(const std::string& what, std::uint64_t count) {
  row result{what + " (must be 0)", unit::count};
  result.samples.push_back(static_cast<double>(count));
  if (count > 0)
    result.failure = "must be 0";
  return result;
}

rows with_failure(rows all, const std::string& reason) {
  for (auto& x : all) {
    x.samples.clear();
    x.failure = reason;
  }
  return all;
}

void append(rows& all, rows more) {
  for (auto& x : more)
    all.push_back(std::move(x));
}

double quantile(std::vector<double> samples, double part) {
  if (samples.empty())
    return 0;
  auto rank = std::ceil(part * static_cast<double>(samples.size())) - 1;
  auto at = static_cast<std::size_t>(std::max(rank, 0.0));
  std::ranges::nth_element(samples,
                           samples.begin() + static_cast<std::ptrdiff_t>(at));
  return samples[at];
}

double median(const std::vector<double>& samples) {
  return quantile(samples, 0.5);
}

std::string readable(double value, unit of) {
  switch (of) {
  case unit::seconds:
    return scaled(value, times);
  case unit::bytes:
    return scaled(value, sizes);
  case unit::count:
    return std::to_string(std::llround(value));
  default:
    return scaled(value, rates);
  }
}

std::string machine() {
#ifdef NDEBUG
  constexpr auto build = "release";
#else
  constexpr auto build = "debug";
#endif
  auto memory = static_cast<double>(sysconf(_SC_PHYS_PAGES))
                * static_cast<double>(sysconf(_SC_PAGESIZE));
  return std::to_string(std::thread::hardware_concurrency()) + " cores, "
         + std::to_string(std::lround(memory / (1 << 30))) + " GiB of memory, "
         + build + " build, version " EDGELESS_VERSION;
}

std::string markdown(const rows& all) {
  auto result
    = machine()
      + "\n\n| what | median | spread | samples | baseline | ratio |\n"
        "|---|---|---|---|---|---|\n";
  for (auto& x : all) {
    result += "| " + x.what + " | ";
    if (x.samples.empty()) {
      result += "none: " + x.failure + " | | 0 | | |\n";
      continue;
    }
    if (!x.failure.empty())
      result += "**failed: " + x.failure + "** ";
    result += readable(median(x.samples), x.unit) + " | " + spread(x) + " | "
              + std::to_string(x.samples.size()) + " | ";
    if (x.baseline)
      result += readable(x.baseline->value, x.unit) + " (" + x.baseline->what
                + ") | " + ratio(x) + " |\n";
    else
      result += "| |\n";
  }
  return result;
}

std::string json(const rows& all) {
  boost::json::array list;
  for (auto& x : all) {
    boost::json::object item;
    item["what"] = x.what;
    item["unit"] = symbol_of(x.unit);
    item["samples"] = boost::json::array(x.samples.begin(), x.samples.end());
    item["median"] = median(x.samples);
    if (x.baseline)
      item["baseline"]
        = {{"what", x.baseline->what}, {"value", x.baseline->value}};
    if (!x.failure.empty())
      item["failure"] = x.failure;
    list.push_back(std::move(item));
  }
  return boost::json::serialize(
    boost::json::object{{"machine", machine()}, {"rows", std::move(list)}});
}

} // namespace edgeless::benchmark
