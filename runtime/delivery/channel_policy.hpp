// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What a function's annotations promise of its output channels:
/// `on_full.CHANNEL` and `delivery.CHANNEL`.
namespace edgeless {

/// What becomes of an event for which its target has no room.
enum class full_policy : std::uint8_t {
  drop_newest,
  /// It waits with its sender, where the oldest that waits makes room for it.
  drop_oldest,
  /// The function that casts it is suspended, for at most its call_timeout_ms.
  block,
};

struct channel_policy {
  full_policy on_full = full_policy::drop_newest;
  /// The sender keeps it until it has been handled; when too many are kept, the
  /// function is suspended, whatever on_full says.
  bool at_least_once = false;

  /// Nobody waits: the oldest makes room for what is cast.
  bool displaces() const {
    return !at_least_once && on_full == full_policy::drop_oldest;
  }

  friend bool operator==(const channel_policy&, const channel_policy&)
    = default;
};

/// Of those channels that have more to say than what always holds.
using channel_policies = std::map<std::string, channel_policy, std::less<>>;

/// What makes no sense is as if it were not there.
channel_policies
channel_policies_of(const std::map<std::string, std::string>& annotations);

/// One sentence for each value that makes no sense, and for each channel that
/// is not among `outputs`; empty: they are not known.
std::vector<std::string>
channel_faults(const std::map<std::string, std::string>& annotations,
               const std::vector<std::string>& outputs);

} // namespace edgeless
