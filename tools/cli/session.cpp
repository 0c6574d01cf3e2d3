// SPDX-License-Identifier: MIT
#include "tools/cli/session.hpp"

namespace edgeless {

caf::error open_client(std::unique_ptr<client>& result,
                       const tls_settings& settings, const addresses& all) {
  if (auto problem = check_plaintext_policy(settings, all))
    return problem;
  auto tls = open_tls_context(settings, {peer_role::client, ""});
  if (!tls)
    return tls.error();
  result = std::make_unique<client>(std::move(*tls));
  return caf::none;
}

caf::error session::open(const cli_settings& settings) {
  if (auto problem = open_client(peer_, settings.tls, addresses_of(settings)))
    return problem;
  auto found = peer_->dial<controller_actor>(settings.controller_url,
                                             peer_role::controller);
  if (!found)
    return found.error();
  controller_ = *found;
  return caf::none;
}

} // namespace edgeless
