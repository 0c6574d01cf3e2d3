// SPDX-License-Identifier: MIT
#include "tools/report/percentiles.hpp"

namespace edgeless::benchmark {

rows percentile_rows(const std::string& what) {
  rows result;
  for (auto& x : percentiles)
    result.push_back({what + ", " + x.name, unit::seconds});
  return result;
}

void add_round(rows& to, const std::vector<double>& seconds) {
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i].samples.push_back(quantile(seconds, percentiles[i].below));
}

rows p50_and_p99_rows(const std::string& what, std::vector<double> samples,
                      const std::string& p50_aim, const std::string& p99_aim) {
  auto p99 = quantile(samples, 0.99);
  return {{what + ", p50" + p50_aim, unit::seconds, std::move(samples)},
          {what + ", p99" + p99_aim, unit::seconds, {p99}}};
}

} // namespace edgeless::benchmark
