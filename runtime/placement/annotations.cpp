// SPDX-License-Identifier: MIT
#include "runtime/placement/annotations.hpp"

#include "messages/ids.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace edgeless {

namespace {

/// The value of `key` if it is a number from 1 to `max`.
std::optional<std::uint64_t> positive(const settings_map& settings,
                                      const std::string& key,
                                      std::uint64_t max) {
  auto i = settings.find(key);
  if (i == settings.end())
    return std::nullopt;
  auto result = parse_number(i->second);
  if (!result || *result == 0 || *result > max)
    return std::nullopt;
  return result;
}

constexpr std::uint64_t memory_max_mib = limits::guest_memory >> 20;
constexpr std::uint64_t time_max_ms
  = std::chrono::milliseconds{limits::guest_time}.count();

void check_annotations(const settings_map& settings,
                       std::vector<std::string>& out) {
  auto fault = [&](const std::string& key, const std::string& accepted) {
    out.push_back(key + " \"" + settings.at(key) + "\" is not " + accepted);
  };
  auto check_range = [&](const std::string& key, std::uint64_t max) {
    if (settings.contains(key) && !positive(settings, key, max))
      fault(key, "a number from 1 to " + std::to_string(max));
  };
  check_range("memory_limit_mib", memory_max_mib);
  check_range("timeout_ms", time_max_ms);
  check_range("call_timeout_ms", time_max_ms);
  if (auto i = settings.find("max_instances");
      i != settings.end() && !parse_number(i->second))
    fault("max_instances", "a number");
  if (auto i = settings.find("state_policy");
      i != settings.end() && !parse_state_policy(i->second))
    fault("state_policy", "one of NodeLocal, Transient, Global, Memory");
  if (auto i = settings.find("hibernate_after_ms");
      i != settings.end() && !hibernate_after_of(settings))
    fault("hibernate_after_ms",
          "a number from 0 to " + std::to_string(time_max_ms));
  check_range("checkpoint_ms", time_max_ms);
  if (auto i = settings.find("isolation");
      i != settings.end() && !parse_isolation(i->second))
    fault("isolation", "one of shared, process");
  const std::set<std::string> formats{"numbers", "base64", "raw"};
  if (auto i = settings.find("http.body");
      i != settings.end() && !formats.contains(i->second))
    fault("http.body", "one of numbers, base64, raw");
}

} // namespace

std::optional<state_policy> parse_state_policy(std::string_view text) {
  if (text == "NodeLocal")
    return state_policy::node_local;
  if (text == "Transient")
    return state_policy::transient;
  if (text == "Global")
    return state_policy::global;
  if (text == "Memory")
    return state_policy::memory;
  return std::nullopt;
}

state_policy state_policy_of(const settings_map& settings) {
  auto i = settings.find("state_policy");
  if (i == settings.end())
    return state_policy::node_local;
  return parse_state_policy(i->second).value_or(state_policy::node_local);
}

std::optional<std::chrono::milliseconds>
hibernate_after_of(const settings_map& settings) {
  auto i = settings.find("hibernate_after_ms");
  auto value = i == settings.end() ? std::nullopt : parse_number(i->second);
  if (!value || *value > time_max_ms)
    return std::nullopt;
  return std::chrono::milliseconds{static_cast<std::int64_t>(*value)};
}

std::chrono::milliseconds checkpoint_pause_of(const settings_map& settings) {
  auto value = positive(settings, "checkpoint_ms", time_max_ms);
  auto pause = value ? std::chrono::milliseconds{*value}
                     : std::chrono::milliseconds{limits::checkpoint};
  return std::max(pause, std::chrono::milliseconds{limits::checkpoint_min});
}

std::optional<isolation> parse_isolation(std::string_view text) {
  if (text == "shared")
    return isolation::shared;
  if (text == "process")
    return isolation::process;
  return std::nullopt;
}

isolation isolation_of(const settings_map& settings) {
  auto i = settings.find("isolation");
  if (i == settings.end())
    return isolation::shared;
  return parse_isolation(i->second).value_or(isolation::shared);
}

std::string init_payload_of(const settings_map& settings) {
  auto i = settings.find("init-payload");
  return i == settings.end() ? "" : i->second;
}

guest_limits guest_limits_of(const settings_map& settings) {
  guest_limits result;
  if (auto x = positive(settings, "memory_limit_mib", memory_max_mib))
    result.memory = *x << 20;
  if (auto x = positive(settings, "timeout_ms", time_max_ms))
    result.deadline = std::chrono::milliseconds{*x};
  if (auto x = positive(settings, "call_timeout_ms", time_max_ms))
    result.call_deadline = std::chrono::milliseconds{*x};
  for (auto& [channel, policy] : channel_policies_of(settings))
    result.may_block = result.may_block || policy.at_least_once
                       || policy.on_full == full_policy::block;
  return result;
}

std::vector<std::string> invalid_annotations(component_kind kind,
                                             const settings_map& settings) {
  std::vector<std::string> result;
  if (kind == component_kind::function)
    check_annotations(settings, result);
  if (auto i = settings.find("node_id_match_any");
      i != settings.end() && !i->second.empty())
    for (auto item : split_list(i->second))
      if (!parse_id<node_id>(item))
        result.push_back("node_id_match_any: \"" + std::string{item}
                         + "\" is not a UUID");
  return result;
}

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> result;
  for (;;) {
    auto comma = text.find(',');
    result.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos)
      return result;
    text.remove_prefix(comma + 1);
  }
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t result = 0;
  auto [end, error]
    = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return result;
}

} // namespace edgeless
