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

} // namespace edgeless::benchmark
