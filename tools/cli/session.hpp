// SPDX-License-Identifier: MIT
#pragma once

#include "tools/cli/client.hpp"

#include "runtime/config/plaintext_policy.hpp"
#include "runtime/config/settings.hpp"

#include "messages/interfaces.hpp"

#include <memory>
#include <utility>

namespace edgeless {

/// Opens a client for these addresses, with the certificate of the settings if
/// there is one.
caf::error open_client(std::unique_ptr<client>& result,
                       const tls_settings& settings, const addresses& all);

/// A connection to the controller of a cli.toml.
class session {
public:
  caf::error open(const cli_settings& settings);

  template <class Result, class... Ts>
  caf::expected<Result> ask(Ts&&... xs) {
    return peer_->ask<Result>(controller_, std::forward<Ts>(xs)...);
  }

private:
  std::unique_ptr<client> peer_;
  controller_actor controller_;
};

} // namespace edgeless
