// SPDX-License-Identifier: MIT
#include "runtime/delivery/channel_policy.hpp"

#include <algorithm>
#include <optional>

namespace edgeless {

namespace {

constexpr std::string_view on_full = "on_full.";
constexpr std::string_view delivery = "delivery.";

std::optional<full_policy> parse_full(std::string_view text) {
  if (text == "drop-newest")
    return full_policy::drop_newest;
  if (text == "drop-oldest")
    return full_policy::drop_oldest;
  if (text == "block")
    return full_policy::block;
  return std::nullopt;
}

std::optional<bool> parse_delivery(std::string_view text) {
  if (text == "at-most-once")
    return false;
  if (text == "at-least-once")
    return true;
  return std::nullopt;
}

/// The channel of a key with that prefix; nullopt for any other key.
std::optional<std::string> channel_of(std::string_view key,
                                      std::string_view prefix) {
  if (!key.starts_with(prefix))
    return std::nullopt;
  return std::string{key.substr(prefix.size())};
}

std::string quoted(std::string_view key, std::string_view value) {
  return std::string{key} + " \"" + std::string{value} + '"';
}

/// Why the channel of a key is invalid; empty if it is valid.
std::string fault_of(const std::string& key, const std::string& channel,
                     const std::vector<std::string>& outputs) {
  if (channel.empty())
    return key + " names no channel";
  if (channel == "self")
    return key + ": the channel \"self\" takes no policy";
  if (!outputs.empty() && std::ranges::count(outputs, channel) == 0)
    return key + ": the function has no output \"" + channel + '"';
  return {};
}

} // namespace

channel_policies
channel_policies_of(const std::map<std::string, std::string>& annotations) {
  channel_policies result;
  for (auto& [key, value] : annotations) {
    if (auto channel = channel_of(key, on_full))
      if (auto policy = parse_full(value))
        result[*channel].on_full = *policy;
    if (auto channel = channel_of(key, delivery))
      if (auto policy = parse_delivery(value))
        result[*channel].at_least_once = *policy;
  }
  std::erase_if(result, [](auto& entry) {
    return entry.first.empty() || entry.first == "self"
           || entry.second == channel_policy{};
  });
  return result;
}

std::vector<std::string>
channel_faults(const std::map<std::string, std::string>& annotations,
               const std::vector<std::string>& outputs) {
  std::vector<std::string> result;
  for (auto& [key, value] : annotations) {
    auto full = channel_of(key, on_full);
    auto kind = channel_of(key, delivery);
    if (!full && !kind)
      continue;
    if (auto fault = fault_of(key, full ? *full : *kind, outputs);
        !fault.empty())
      result.push_back(std::move(fault));
    if (full && !parse_full(value))
      result.push_back(quoted(key, value)
                       + " is not one of drop-newest, drop-oldest, block");
    if (kind && !parse_delivery(value))
      result.push_back(quoted(key, value)
                       + " is not one of at-most-once, at-least-once");
  }
  return result;
}

} // namespace edgeless
