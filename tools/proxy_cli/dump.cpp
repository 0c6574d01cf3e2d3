// SPDX-License-Identifier: MIT
#include "tools/proxy_cli/dump.hpp"

#include "runtime/redis/keys.hpp"
#include "runtime/redis/mirror_reader.hpp"
#include "runtime/redis/mirror_values.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

namespace edgeless {

namespace {

/// Samples fetched at a time.
constexpr std::size_t samples_per_page = 10'000;

/// A list or sorted set of samples.
struct series {
  std::string key;
  std::string metric;
  physical_id instance;
  /// Of later versions of EDGELESS: `performance:PID:METRIC`, a sorted set.
  bool later = false;

  std::string file() const {
    return metric + '-' + to_string(instance) + ".dat";
  }
};

/// Whether `metric` may be part of a file name: no separators, dots or dashes.
bool is_file_name(const std::string& metric) {
  auto is_allowed = [](unsigned char x) {
    return std::isalnum(x) != 0 || x == '_';
  };
  return !metric.empty() && metric.size() <= 100
         && std::ranges::all_of(metric, is_allowed);
}

/// Nothing if the key has another form, such as the logs of functions that
/// later versions of EDGELESS keep there.
std::optional<series> series_of(const std::string& key) {
  std::string rest{keys::performance.id_of(key)};
  auto middle = rest.find(':');
  if (middle == std::string::npos)
    return std::nullopt;
  auto first = rest.substr(0, middle);
  auto second = rest.substr(middle + 1);
  auto later = parse_id<physical_id>(first);
  auto instance = later ? later : parse_id<physical_id>(second);
  auto& metric = later ? second : first;
  if (!instance || !is_file_name(metric))
    return std::nullopt;
  return series{key, metric, *instance, later.has_value()};
}

/// The number of invalid samples in the page, or why it cannot be read.
caf::expected<std::size_t> write_page(const redis_reply& page, bool later,
                                      std::ostream& file) {
  if (page.type == redis_reply::kind::error)
    return fail(ec::bad_input, later ? "is not a sorted set" : "is not a list");
  std::size_t broken = 0;
  for (auto& item : page.items) {
    auto sample = later ? read_dated_sample(item.text) : read_sample(item.text);
    if (sample)
      file << decimal(sample->value) << ',' << decimal(sample->time) << '\n';
    else
      ++broken;
  }
  return broken;
}

caf::error dump(store& from, const series& x, warnings& warn,
                std::ostream& out) {
  std::ofstream file;
  std::size_t broken = 0;
  for (std::size_t at = 0; at < limits::mirror_keys; at += samples_per_page) {
    auto replies
      = from.run({{x.later ? "ZRANGE" : "LRANGE", x.key, std::to_string(at),
                   std::to_string(at + samples_per_page - 1)}});
    if (!replies)
      return replies.error();
    auto& page = replies->front();
    if (page.type != redis_reply::kind::error && !file.is_open()) {
      file.open(x.file(), std::ios::trunc);
      if (!file)
        return fail(ec::system_failure,
                    "cannot write " + x.file() + ": " + std::strerror(errno));
      out << "saving to " << x.file() << '\n';
    }
    auto more = write_page(page, x.later, file);
    if (!more) {
      warn.add(x.key, explain(more.error()));
      return caf::none;
    }
    broken += *more;
    if (page.items.size() < samples_per_page)
      break;
  }
  if (broken > 0)
    warn.add(x.key, std::to_string(broken) + " invalid samples");
  file.close();
  return file ? caf::none
              : fail(ec::system_failure, "cannot write " + x.file());
}

} // namespace

caf::error dump_performance(store& from, std::ostream& out) {
  auto found = from.keys(std::string{keys::performance.prefix});
  if (!found)
    return found.error();
  warnings broken;
  for (auto& key : *found)
    if (auto x = series_of(key))
      if (auto problem = dump(from, *x, broken, out))
        return problem;
  return caf::none;
}

} // namespace edgeless
