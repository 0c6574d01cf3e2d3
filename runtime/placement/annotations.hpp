// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/delivery/channel_policy.hpp"
#include "runtime/wasm/guest.hpp"

#include "messages/workflow.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the annotations of functions and the configurations of resources say
/// to the runtime. Keys that are not ours belong to the function or resource.
namespace edgeless {

using settings_map = std::map<std::string, std::string>;

/// What becomes of a synced state when its instance ends.
enum class state_policy : std::uint8_t {
  /// It waits on that node for a successor there.
  node_local,
  transient,
  /// It follows the component, even when the node crashes.
  global,
};

/// Nothing unless `text` is NodeLocal, Transient or Global.
std::optional<state_policy> parse_state_policy(std::string_view text);

/// node_local if `settings` do not say.
state_policy state_policy_of(const settings_map& settings);

/// Nothing unless `text` is shared or process.
std::optional<isolation> parse_isolation(std::string_view text);

/// shared if `settings` do not say.
isolation isolation_of(const settings_map& settings);

/// What handle_init gets; empty if `settings` do not say.
std::string init_payload_of(const settings_map& settings);

/// From memory_limit_mib, timeout_ms and call_timeout_ms; where they are
/// missing or make no sense, the defaults.
guest_limits guest_limits_of(const settings_map& settings);

/// One sentence for each value that makes no sense. In the configurations of
/// a resource only those that choose a node are ours.
std::vector<std::string> annotation_faults(component_kind kind,
                                           const settings_map& settings);

/// The comma-separated items, blanks and empty ones included, as in EDGELESS.
std::vector<std::string_view> split_list(std::string_view text);

/// Nothing unless the whole of `text` is a decimal number that fits.
std::optional<std::uint64_t> parse_number(std::string_view text);

} // namespace edgeless
