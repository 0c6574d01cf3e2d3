// SPDX-License-Identifier: MIT
#include "tools/proxy_cli/dump.hpp"

#include "tools/proxy_cli/domain.hpp"

#include "runtime/base/append_file.hpp"
#include "runtime/base/log.hpp"
#include "runtime/config/json_reader.hpp"
#include "runtime/redis/keys.hpp"
#include "runtime/redis/mirror_reader.hpp"
#include "runtime/redis/mirror_values.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>

namespace edgeless {

namespace json = boost::json;

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

using sample_visitor = std::function<void(const mirrored_sample&)>;

/// Passes the samples of a page on. The number of invalid ones, or why the page
/// cannot be read.
caf::expected<std::size_t> visit_page(const redis_reply& page, bool later,
                                      const sample_visitor& take) {
  if (page.type == redis_reply::kind::error)
    return fail(ec::bad_input, later ? "is not a sorted set" : "is not a list");
  std::size_t broken = 0;
  for (auto& item : page.items) {
    auto sample = later ? read_dated_sample(item.text) : read_sample(item.text);
    if (sample)
      take(*sample);
    else
      ++broken;
  }
  return broken;
}

/// Passes all samples of a series on. Invalid ones cause a warning.
caf::error visit(store& from, const series& x, warnings& warn,
                 const sample_visitor& take) {
  std::size_t broken = 0;
  for (std::size_t at = 0; at < limits::mirror_keys; at += samples_per_page) {
    auto replies
      = from.run({{x.later ? "ZRANGE" : "LRANGE", x.key, std::to_string(at),
                   std::to_string(at + samples_per_page - 1)}});
    if (!replies)
      return replies.error();
    auto& page = replies->front();
    auto more = visit_page(page, x.later, take);
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
  return caf::none;
}

/// A new file in the working directory, whose name is told.
class output_file {
public:
  caf::error open(const std::string& name, std::ostream& out) {
    name_ = name;
    file_.open(name, std::ios::trunc);
    if (!file_)
      return fail(ec::system_failure,
                  "cannot write " + name + ": " + std::strerror(errno));
    out << "saving to " << name << '\n';
    return caf::none;
  }

  std::ostream& stream() {
    return file_;
  }

  caf::error close() {
    file_.close();
    return file_ ? caf::none
                 : fail(ec::system_failure, "cannot write " + name_);
  }

private:
  std::string name_;
  std::ofstream file_;
};

caf::error dump(store& from, const series& x, warnings& warn,
                std::ostream& out) {
  // A key of another type leaves no file behind.
  auto type = from.run({{"TYPE", x.key}});
  if (!type)
    return type.error();
  if (type->front().text != (x.later ? "zset" : "list"))
    return visit(from, x, warn, [](auto&) {});
  output_file file;
  if (auto problem = file.open(x.file(), out))
    return problem;
  auto problem = visit(from, x, warn, [&](const mirrored_sample& sample) {
    file.stream() << decimal(sample.value) << ',' << decimal(sample.time)
                  << '\n';
  });
  auto closed = file.close();
  return problem ? problem : closed;
}

/// `value` with two blanks per level, as serde writes it.
void print(const json::value& value, const std::string& indent,
           std::ostream& out) {
  auto object = value.if_object();
  auto array = value.if_array();
  if ((object == nullptr || object->empty())
      && (array == nullptr || array->empty())) {
    out << json::serialize(value);
    return;
  }
  auto inner = indent + "  ";
  out << (object ? "{" : "[");
  const char* comma = "";
  auto begin_item = [&] {
    out << std::exchange(comma, ",") << '\n' << inner;
  };
  if (object)
    for (auto& item : *object) {
      begin_item();
      out << json::serialize(item.key()) << ": ";
      print(item.value(), inner, out);
    }
  else
    for (auto& item : *array) {
      begin_item();
      print(item, inner, out);
    }
  out << '\n' << indent << (object ? "}" : "]");
}

/// 2024-09-05 18:04:21.175674 UTC, as EDGELESS prints it.
std::string date_of(double seconds) {
  auto text = rfc3339(std::chrono::system_clock::time_point{
    std::chrono::microseconds{std::llround(seconds * 1e6)}});
  text[10] = ' ';
  return text.substr(0, text.find('+')) + " UTC";
}

/// Calls `take` with each series in Redis.
caf::error
for_each_series(store& from,
                const std::function<caf::error(const series&)>& take) {
  auto found = from.keys(std::string{keys::performance.prefix});
  if (!found)
    return found.error();
  for (auto& key : *found)
    if (auto x = series_of(key))
      if (auto problem = take(*x))
        return problem;
  return caf::none;
}

} // namespace

caf::error dump_performance(store& from, std::ostream& out) {
  warnings broken;
  return for_each_series(
    from, [&](const series& x) { return dump(from, x, broken, out); });
}

caf::error dump_performance_csv(store& from, std::ostream& out) {
  warnings broken;
  auto components = load_components(from, broken);
  if (!components)
    return components.error();
  std::map<physical_id, std::pair<std::string, std::string>> names;
  for (auto& [id, x] : *components)
    for (auto& instance : x.instances)
      names[instance.instance] = {printable(x.class_id), to_string(id)};
  out << "metric,name,lid,timestamp,value\n";
  return for_each_series(from, [&](const series& x) {
    auto& [name, id] = names[x.instance];
    return visit(from, x, broken, [&](const mirrored_sample& sample) {
      out << x.metric << ',' << name << ',' << id << ',' << date_of(sample.time)
          << ',' << decimal(sample.value) << '\n';
    });
  });
}

caf::error dump_instances(store& from, std::ostream& out) {
  auto found = from.keys(std::string{keys::instance.prefix});
  if (!found)
    return found.error();
  found->erase(keys::instance(keys::last_update));
  warnings broken;
  caf::error problem;
  auto write = [&](const std::string& key, const std::string& text) {
    auto id = parse_id<logical_id>(keys::instance.id_of(key));
    auto component = read_component(text);
    if (!id || !component)
      return broken.add(key, id ? explain(component.error())
                                : "does not end with a UUID");
    if (problem)
      return;
    auto is_function = component->kind == component_kind::function;
    auto value = *parse_json(text);
    auto& parts
      = value.as_object().at(is_function ? "Function" : "Resource").as_array();
    output_file file;
    problem = file.open(
      (is_function ? "fun-" : "res-") + to_string(*id) + ".json", out);
    if (problem)
      return;
    print(parts.at(0), "", file.stream());
    problem = file.close();
  };
  auto failed = from.visit(*found, broken, write);
  return failed ? failed : problem;
}

} // namespace edgeless
