// SPDX-License-Identifier: MIT
#include "tools/proxy_cli/described_workflow.hpp"

namespace edgeless {

described_workflow::described_workflow(cli_settings controller,
                                       const workflow_id& id)
  : controller_{std::move(controller)}, id_{id} {
  // nop
}

caf::expected<workflow_status> described_workflow::ask() {
  if (!session_)
    if (auto problem = session_.emplace().open(controller_)) {
      session_.reset();
      return problem;
    }
  auto result = session_->ask<workflow_status>(atom::inspect_v, id_);
  if (!result)
    session_.reset();
  return result;
}

} // namespace edgeless
