// SPDX-License-Identifier: MIT
#include "runtime/base/nearest.hpp"

#include <algorithm>
#include <numeric>

namespace edgeless {

namespace {

/// The Levenshtein distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      auto changed = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

} // namespace

std::string nearest(std::string_view word,
                    const std::vector<std::string>& known) {
  std::string result;
  auto best = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (auto& candidate : known)
    if (auto d = distance(word, candidate); d < best) {
      best = d;
      result = candidate;
    }
  return result;
}

} // namespace edgeless
