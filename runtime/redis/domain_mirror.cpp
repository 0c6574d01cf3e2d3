// SPDX-License-Identifier: MIT
#include "runtime/redis/domain_mirror.hpp"

#include "runtime/redis/keys.hpp"
#include "runtime/redis/mirror_values.hpp"

#include <algorithm>
#include <cassert>
#include <cctype>
#include <optional>
#include <utility>

namespace edgeless {

namespace {

/// Redis executes one command at a time: longer ones would delay its other
/// clients.
constexpr std::size_t values_per_push = 1000;

/// The families whose last change later versions of EDGELESS look for.
constexpr keys::family dated[]
  = {keys::node_capabilities, keys::provider, keys::instance, keys::dependency};

/// The instance and the metric in a key of samples of either schema.
std::optional<physical_id> instance_of(std::string_view key) {
  auto rest = keys::performance.id_of(key);
  auto colon = rest.find(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  if (auto first = parse_id<physical_id>(rest.substr(0, colon)))
    return first;
  return parse_id<physical_id>(rest.substr(colon + 1));
}

/// Whether `text` may be the metric in a key: no separators.
bool is_metric(std::string_view text) {
  return !text.empty() && text.size() <= limits::series_name
         && std::ranges::all_of(text, [](unsigned char x) {
              return std::isalnum(x) != 0 || x == '_';
            });
}

} // namespace

mirror::mirror(mirror_options options) : options_{std::move(options)} {
  if (is_later())
    set(keys::domain_info(keys::domain_id), options_.domain);
}

// -- changes of the domain
// --------------------------------------------------------------------

void mirror::join(const node_description& x) {
  auto former = std::exchange(nodes_[x.id], x);
  auto id = to_string(x.id);
  auto text = json_of(x.capabilities);
  set(keys::node_capabilities(id), text);
  set(keys::documented_capabilities(id), text);
  for (auto& y : former.providers)
    update_provider(y.id);
  for (auto& y : x.providers)
    update_provider(y.id);
}

void mirror::lose(const node_id& x) {
  auto i = nodes_.find(x);
  if (i == nodes_.end())
    return;
  auto gone = std::move(i->second);
  nodes_.erase(i);
  auto id = to_string(x);
  erase(keys::node_capabilities(id));
  erase(keys::documented_capabilities(id));
  erase(keys::node_health(id));
  if (is_later())
    replace(keys::node_health(id));
  for (auto& y : gone.providers)
    update_provider(y.id);
}

/// Provider ids are not unique: the provider of the first node by id is
/// written.
void mirror::update_provider(const std::string& id) {
  for (auto& [node, x] : nodes_)
    for (auto& y : x.providers)
      if (y.id == id) {
        set(keys::provider(id), json_of(y, node));
        return;
      }
  erase(keys::provider(id));
}

void mirror::report(const node_id& node, const node_report& x) {
  if (!nodes_.contains(node))
    return;
  add_health(node, x.health);
  samples_dropped_ += x.samples.omitted;
  for (auto& times : x.samples.times)
    add_times(times);
  for (auto& line : x.samples.logs)
    add_log(line);
}

void mirror::add_health(const node_id& node, const node_health& x) {
  auto key = keys::node_health(node);
  if (is_later())
    append(key, options_.now(), json_of(x));
  else
    set(key, json_of(x));
}

void mirror::add_times(const execution_times& x) {
  auto instance = instances_.find(x.instance);
  if (x.seconds.empty() || instance == instances_.end())
    return; // the instance has ended and its samples are deleted
  auto key = series_key(x.instance, keys::execution_time);
  instance->second.insert(key);
  // Of the members of a sorted set no two are equal: samples of one report are
  // a microsecond apart.
  auto when = options_.now();
  for (auto& seconds : x.seconds) {
    append(key, when, decimal(seconds));
    if (is_later())
      when += std::chrono::microseconds{1};
  }
}

void mirror::add_log(const function_log& x) {
  auto instance = instances_.find(x.instance);
  if (instance == instances_.end())
    return;
  auto key = series_key(x.instance, x.target);
  auto& series = instance->second;
  if (!is_metric(x.target)
      || (!series.contains(key) && series.size() >= limits::series)) {
    ++samples_dropped_;
    return;
  }
  series.insert(key);
  append(key, time_point{std::chrono::microseconds{x.when}}, x.text);
}

std::string mirror::series_key(const physical_id& x,
                               std::string_view metric) const {
  return is_later() ? keys::later_samples(x, metric) : keys::samples(metric, x);
}

/// Appends a sample, or drops it if Redis cannot take it in time.
void mirror::append(const std::string& key, time_point when,
                    std::string value) {
  assert(pending_samples_ <= limits::samples_pending);
  if (!is_synchronized_ || pending_samples_ == limits::samples_pending) {
    ++samples_dropped_;
    return;
  }
  ++pending_samples_;
  auto& list = pending_[key];
  if (!is_later()) {
    list.push_back(std::move(value) + "," + timestamp(when));
    return;
  }
  auto time = precise_timestamp(when);
  list.push_back(time);
  list.push_back(keys::node_health.contains(key) ? std::move(value)
                                                 : time + ":" + value);
}

void mirror::host(const component_spec& x) {
  auto& known = components_[x.id];
  known.spec = x;
  update_component(known);
}

void mirror::moved(const logical_id& id, const endpoint& at) {
  auto i = components_.find(id);
  if (i == components_.end())
    return;
  auto& x = i->second;
  if (x.at.instance != at.instance)
    remove_instance(x.at.instance);
  if (at)
    instances_.try_emplace(at.instance);
  x.at = at;
  update_component(x);
}

void mirror::update_component(const component& x) {
  set(keys::instance(x.spec.id), json_of(x.spec, x.at));
  if (!x.spec.wiring.empty())
    set(keys::dependency(x.spec.id), json_of(x.spec.wiring));
}

void mirror::drop(const logical_id& id) {
  auto i = components_.find(id);
  if (i == components_.end())
    return;
  remove_instance(i->second.at.instance);
  components_.erase(i);
  erase(keys::instance(id));
  erase(keys::dependency(id));
}

/// The samples are deleted with the instance.
void mirror::remove_instance(const physical_id& x) {
  auto removed = instances_.extract(x);
  if (removed.empty())
    return;
  replace(series_key(x, keys::execution_time));
  for (auto& key : removed.mapped())
    replace(key);
}

// -- synchronization with Redis
// -----------------------------------------------------------

void mirror::set(const std::string& key, std::string value) {
  auto& known = content_[key];
  if (known == value)
    return;
  known = std::move(value);
  if (is_synchronized_)
    dirty_.insert(key);
  note_update(key);
}

void mirror::erase(const std::string& key) {
  if (content_.erase(key) == 0)
    return;
  if (is_synchronized_)
    dirty_.insert(key);
  note_update(key);
}

void mirror::note_update(std::string_view key) {
  if (!is_later() || key.ends_with(keys::last_update))
    return;
  for (auto& family : dated)
    if (family.contains(key))
      set(family(keys::last_update), precise_timestamp(options_.now()));
}

void mirror::replace(const std::string& key) {
  if (auto i = pending_.find(key); i != pending_.end()) {
    assert(pending_samples_ >= count_of(i->second));
    samples_dropped_ += count_of(i->second);
    pending_samples_ -= count_of(i->second);
    pending_.erase(i);
  }
  if (is_synchronized_)
    dirty_.insert(key);
}

void mirror::mark_unreachable() {
  is_synchronized_ = false;
  dirty_.clear();
  for (auto& [key, values] : pending_)
    samples_dropped_ += count_of(values);
  pending_.clear();
  pending_samples_ = 0;
}

void mirror::rewrite() {
  is_synchronized_ = true;
  for (auto& [key, value] : content_)
    dirty_.insert(dirty_.end(), key);
}

std::vector<redis_command> mirror::changes(std::size_t most) {
  assert(is_synchronized_ || !has_changes());
  std::vector<redis_command> result;
  while (!dirty_.empty() && result.size() < most) {
    auto key = std::move(dirty_.extract(dirty_.begin()).value());
    if (auto i = content_.find(key); i != content_.end())
      result.push_back({"SET", key, i->second});
    else
      result.push_back({"DEL", key});
  }
  // After the deletions: a list may have to be deleted before it grows again.
  while (!pending_.empty() && result.size() < most) {
    auto list = pending_.extract(pending_.begin());
    assert(pending_samples_ >= count_of(list.mapped()));
    pending_samples_ -= count_of(list.mapped());
    push_commands(list.key(), std::move(list.mapped()), result);
  }
  return result;
}

void mirror::push_commands(const std::string& key,
                           std::vector<std::string> values,
                           std::vector<redis_command>& result) const {
  auto most = keys::node_health.contains(key) ? limits::health_history
                                              : options_.samples;
  auto words = is_later() ? 2 : 1; // of a sample
  auto first = values.size() - std::min(values.size(), words * most);
  while (first < values.size()) {
    auto last = std::min(first + words * values_per_push, values.size());
    redis_command push{is_later() ? "ZADD" : "RPUSH", key};
    push.insert(push.end(), values.begin() + static_cast<long>(first),
                values.begin() + static_cast<long>(last));
    result.push_back(std::move(push));
    first = last;
  }
  if (is_later())
    result.push_back(
      {"ZREMRANGEBYRANK", key, "0", "-" + std::to_string(most + 1)});
  else
    result.push_back({"LTRIM", key, "-" + std::to_string(most), "-1"});
}

std::vector<std::string> mirror::probe(std::size_t most) {
  std::vector<std::string> result;
  auto i = content_.upper_bound(probed_);
  for (auto left = content_.size(); left > 0 && result.size() < most; --left) {
    if (i == content_.end())
      i = content_.begin();
    probed_ = i->first;
    if (!dirty_.contains(probed_))
      result.push_back(probed_);
    ++i;
  }
  return result;
}

std::vector<std::string>
mirror::strays(const std::vector<std::string>& candidates) const {
  std::vector<std::string> result;
  for (auto& key : candidates) {
    auto is_mirrored = std::ranges::any_of(
      keys::mirror, [&](auto& family) { return family.contains(key); });
    if (is_mirrored && !content_.contains(key) && !is_series(key))
      result.push_back(key);
  }
  return result;
}

/// Whether `key` has, or may have, samples of an instance or the health of a
/// node. Other keys below `performance:` belong to other programs.
bool mirror::is_series(std::string_view key) const {
  if (keys::performance.contains(key)) {
    auto instance = instance_of(key);
    return !instance || instances_.contains(*instance);
  }
  if (!is_later() || !keys::node_health.contains(key))
    return false;
  auto node = parse_id<node_id>(keys::node_health.id_of(key));
  return node && nodes_.contains(*node);
}

} // namespace edgeless
