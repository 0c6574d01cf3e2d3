// SPDX-License-Identifier: MIT
#pragma once

#include "tools/cli/client.hpp"

#include "runtime/config/workflow_file.hpp"

#include "messages/interfaces.hpp"

#include <memory>
#include <set>
#include <string>
#include <utility>

namespace edgeless::benchmark {

/// The controller, as edgeless_cli speaks to it.
class load_controller {
public:
  explicit load_controller(std::shared_ptr<tls_context> tls)
    : peer_{std::move(tls)} {
    // nop
  }

  /// Later it is dialled again whenever something went wrong.
  caf::error dial(const std::string& url);

  /// Starts it under this id; modules go there the first time only.
  caf::expected<workflow_status> start(const workflow_id& id,
                                       const workflow_file& x);
  caf::error stop(const workflow_id& id);

private:
  caf::error upload(const module_file& x);
  caf::error reach();

  client peer_;
  std::string url_;
  controller_actor controller_;
  bool doubtful_ = false; ///< whether it is still there
  std::set<code_id> uploaded_;
};

} // namespace edgeless::benchmark
