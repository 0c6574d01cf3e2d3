// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/delivery/channel_policy.hpp"
#include "runtime/wasm/guest.hpp"

#include "messages/workflow.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The annotations of functions and the configurations of resources that the
/// runtime reads. Other keys belong to the function or resource.
namespace edgeless {

using settings_map = std::map<std::string, std::string>;

/// What happens to a synced state when its instance ends.
enum class state_policy : std::uint8_t {
  /// Kept on the node for the next instance there.
  node_local,
  /// Dropped.
  transient,
  /// Kept for the next instance on any node, also after a crash of the node.
  global,
  /// Not the synced state but the whole memory is kept, like a global state.
  memory,
};

/// Nothing unless `text` is NodeLocal, Transient, Global or Memory.
std::optional<state_policy> parse_state_policy(std::string_view text);

/// node_local if missing or invalid.
state_policy state_policy_of(const settings_map& settings);

/// Whether the next instance on any node gets the state.
inline bool is_kept_by_domain(state_policy x) {
  return x == state_policy::global || x == state_policy::memory;
}

/// After how long without an event the function is hibernated; zero: never;
/// nullopt: the annotation is missing or invalid.
std::optional<std::chrono::milliseconds>
hibernate_after_of(const settings_map& settings);

/// The pause between two checkpoints.
std::chrono::milliseconds checkpoint_pause_of(const settings_map& settings);

/// Nothing unless `text` is shared or process.
std::optional<isolation> parse_isolation(std::string_view text);

/// shared if missing or invalid.
isolation isolation_of(const settings_map& settings);

/// The payload of handle_init; empty if missing.
std::string init_payload_of(const settings_map& settings);

/// From memory_limit_mib, timeout_ms and call_timeout_ms; the defaults where
/// they are missing or invalid.
guest_limits guest_limits_of(const settings_map& settings);

/// One sentence for each invalid value. In the configurations of a resource,
/// only the deployment requirements are checked.
std::vector<std::string> invalid_annotations(component_kind kind,
                                             const settings_map& settings);

/// The comma-separated items, blanks and empty ones included, as in EDGELESS.
std::vector<std::string_view> split_list(std::string_view text);

/// Nothing unless the whole of `text` is a decimal number that fits.
std::optional<std::uint64_t> parse_number(std::string_view text);

} // namespace edgeless
