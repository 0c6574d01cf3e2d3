// SPDX-License-Identifier: MIT
#include "runtime/base/log_filter.hpp"

#include "messages/errors.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>

namespace edgeless {

namespace {

constexpr std::array<std::string_view, 6> level_names
  = {"off", "error", "warn", "info", "debug", "trace"};

/// Maps a component to the EDGELESS crate that has its code. In edgeless_inabox
/// all programs are one process, so the component is more specific than the
/// program.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> crates
  = {{
    {"controller", "edgeless_con"},
    {"orchestrator", "edgeless_orc"},
    {"component", "edgeless_orc"},
    {"proxy", "edgeless_orc"},
    {"intents", "edgeless_orc"},
    {"node", "edgeless_node"},
    {"function", "edgeless_node"},
    {"instance", "edgeless_node"},
    {"compiler", "edgeless_node"},
    {"egress", "edgeless_dataplane"},
    {"ingress", "edgeless_dataplane"},
    {"telemetry", "edgeless_telemetry"},
  }};

} // namespace

std::string to_string(log_level level) {
  auto index = static_cast<std::size_t>(level);
  return std::string{index < level_names.size() ? level_names[index]
                                                : "unknown"};
}

std::optional<log_level> parse_log_level(std::string_view name) {
  auto same_letter = [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == y;
  };
  for (std::size_t i = 0; i < level_names.size(); ++i)
    if (std::ranges::equal(name, level_names[i], same_letter))
      return static_cast<log_level>(i);
  return std::nullopt;
}

caf::expected<log_filter> parse_log_filter(std::string_view text) {
  std::string directives{text};
  std::erase_if(directives, [](char x) { return x == ' ' || x == '\t'; });
  std::istringstream in{directives};
  log_filter result;
  for (std::string directive; std::getline(in, directive, ',');) {
    auto equals = directive.find('=');
    auto target = directive.substr(0, equals);
    target.resize(std::min(target.size(), target.find("::")));
    auto level = parse_log_level(
      equals == std::string::npos ? directive : directive.substr(equals + 1));
    if (equals == std::string::npos && level)
      result.global = *level;
    else if (equals == std::string::npos && !target.empty())
      result.targets[target] = log_level::trace;
    else if (level && !target.empty())
      result.targets[target] = *level;
    else if (!directive.empty())
      return fail(ec::bad_input,
                  '"' + directive
                    + "\": expected a directive such as info or "
                      "edgeless_orc=debug; levels are off, error, warn, info, "
                      "debug, trace");
  }
  return result;
}

log_level level_for(const log_filter& filter, std::string_view program,
                    std::string_view component) {
  auto& targets = filter.targets;
  if (targets.empty())
    return filter.global;
  if (auto i = targets.find(component); i != targets.end())
    return i->second;
  auto crate
    = std::ranges::find(crates, component, [](auto& x) { return x.first; });
  if (crate != crates.end())
    if (auto i = targets.find(crate->second); i != targets.end())
      return i->second;
  // A daemon such as edgeless_orc_d is a part of the crate edgeless_orc.
  if (program.ends_with("_d"))
    program.remove_suffix(2);
  if (auto i = targets.find(program); i != targets.end())
    return i->second;
  return filter.global;
}

log_level most_verbose(const log_filter& filter) {
  auto result = filter.global;
  for (auto& [_, level] : filter.targets)
    result = std::max(result, level);
  return result;
}

} // namespace edgeless
