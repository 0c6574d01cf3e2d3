// SPDX-License-Identifier: MIT
#include "runtime/redis/domain_mirror.hpp"

#include "runtime/redis/keys.hpp"
#include "runtime/redis/mirror_values.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edgeless {

namespace {

/// Redis executes one command at a time: longer ones would delay its other
/// clients.
constexpr std::size_t values_per_push = 1000;

} // namespace

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

void mirror::report(const node_id& node, const node_report& x,
                    std::chrono::system_clock::time_point now) {
  if (!nodes_.contains(node))
    return;
  set(keys::node_health(node), json_of(x.health));
  samples_dropped_ += x.samples.omitted;
  for (auto& times : x.samples.times)
    add_samples(times, timestamp(now));
}

void mirror::add_samples(const execution_times& x, const std::string& when) {
  if (x.seconds.empty() || !instances_.contains(x.instance))
    return; // the instance has ended and its list is deleted
  assert(pending_samples_ <= limits::samples_pending);
  auto room = is_synchronized_ ? limits::samples_pending - pending_samples_ : 0;
  auto first = x.seconds.size() - std::min(x.seconds.size(), room);
  samples_dropped_ += first;
  if (first == x.seconds.size())
    return;
  auto& list = pending_[keys::execution_times(x.instance)];
  for (auto i = first; i < x.seconds.size(); ++i)
    list.push_back(decimal(x.seconds[i]) + "," + when);
  pending_samples_ += x.seconds.size() - first;
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
    instances_.insert(at.instance);
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

/// The list of samples is deleted with the instance.
void mirror::remove_instance(const physical_id& x) {
  if (instances_.erase(x) > 0)
    replace(keys::execution_times(x));
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
}

void mirror::erase(const std::string& key) {
  if (content_.erase(key) > 0 && is_synchronized_)
    dirty_.insert(key);
}

void mirror::replace(const std::string& key) {
  if (auto i = pending_.find(key); i != pending_.end()) {
    assert(pending_samples_ >= i->second.size());
    samples_dropped_ += i->second.size();
    pending_samples_ -= i->second.size();
    pending_.erase(i);
  }
  if (is_synchronized_)
    dirty_.insert(key);
}

void mirror::mark_unreachable() {
  is_synchronized_ = false;
  dirty_.clear();
  for (auto& [key, values] : pending_)
    samples_dropped_ += values.size();
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
    assert(pending_samples_ >= list.mapped().size());
    pending_samples_ -= list.mapped().size();
    push_commands(list.key(), std::move(list.mapped()), result);
  }
  return result;
}

void mirror::push_commands(const std::string& key,
                           std::vector<std::string> values,
                           std::vector<redis_command>& result) const {
  auto first = values.size() - std::min(values.size(), samples_);
  while (first < values.size()) {
    auto last = std::min(first + values_per_push, values.size());
    redis_command push{"RPUSH", key};
    push.insert(push.end(), values.begin() + static_cast<long>(first),
                values.begin() + static_cast<long>(last));
    result.push_back(std::move(push));
    first = last;
  }
  result.push_back({"LTRIM", key, "-" + std::to_string(samples_), "-1"});
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
    if (!is_mirrored || content_.contains(key))
      continue;
    auto id = keys::execution_times.contains(key)
                ? parse_id<physical_id>(keys::execution_times.id_of(key))
                : std::nullopt;
    if (!id || !instances_.contains(*id))
      result.push_back(key);
  }
  return result;
}

} // namespace edgeless
