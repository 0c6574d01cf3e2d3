// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The delivery policies of output channels, from a function's annotations
/// `on_full.CHANNEL` and `delivery.CHANNEL`.
namespace edgeless {

/// What happens to an event for which its target has no credit.
enum class full_policy : std::uint8_t {
  drop_newest,
  /// The event waits in the sender's buffer, which evicts its oldest event.
  drop_oldest,
  /// The function that casts it is suspended, for at most its call_timeout_ms.
  block,
};

struct channel_policy {
  full_policy on_full = full_policy::drop_newest;
  /// The sender keeps an event until it has been handled. A full buffer
  /// suspends the function, whatever `on_full` says.
  bool at_least_once = false;

  /// A full buffer evicts its oldest event instead of suspending the function.
  bool evicts_oldest() const {
    return !at_least_once && on_full == full_policy::drop_oldest;
  }

  friend bool operator==(const channel_policy&, const channel_policy&)
    = default;
};

/// By channel. Channels with the default policy have no entry.
using channel_policies = std::map<std::string, channel_policy, std::less<>>;

/// Invalid values are ignored.
channel_policies
channel_policies_of(const std::map<std::string, std::string>& annotations);

/// One sentence for each invalid value, and for each channel that is not among
/// `outputs`. Empty `outputs`: the channels are not checked.
std::vector<std::string>
channel_faults(const std::map<std::string, std::string>& annotations,
               const std::vector<std::string>& outputs);

} // namespace edgeless
