// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/drivers/dda.hpp"

#include <caf/expected.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The JSON that functions exchange with the resource dda: the enumeration DDA
/// of EDGELESS' crate edgeless_dda, as serde writes it, such as
/// `{"ComPublishEvent":["alias",[104,105]]}`.
namespace edgeless {

/// What an alias stands for.
struct dda_publication {
  std::string topic;
  std::string pattern; ///< event, action or query
};
using dda_publications = std::map<std::string, dda_publication>;

/// Where the messages of a subscription go.
struct dda_route {
  dda_subscription from;
  bool is_call = false; ///< else a cast
  std::string target;   ///< an output channel
};

/// From the configurations dda_com_publication_mapping and
/// dda_com_subscription_mapping. An error says which item is wrong, and why.
caf::expected<dda_publications> dda_publications_of(const std::string& json);
caf::expected<std::vector<dda_route>> dda_routes_of(const std::string& json);

/// The request that an event makes. An error says what is wrong.
caf::expected<dda_request> dda_request_of(std::string_view payload,
                                          const dda_publications& publications);

/// The reply to a successful request.
std::string to_dda_reply(dda_request::kind what, const dda_result& x);

/// The event for a message of a subscription.
std::string to_dda_event(dda_subscription::pattern what, const dda_message& x);

} // namespace edgeless
