// SPDX-License-Identifier: MIT
#pragma once

#include "tools/cli/session.hpp"

#include "messages/workflow.hpp"

#include <optional>

namespace edgeless {

/// A workflow as its controller knows it, asked again and again.
class described_workflow {
public:
  described_workflow(cli_settings controller, const workflow_id& id);

  /// The present status. After an error the next call connects anew.
  caf::expected<workflow_status> ask();

private:
  cli_settings controller_;
  workflow_id id_;
  std::optional<session> session_;
};

} // namespace edgeless
