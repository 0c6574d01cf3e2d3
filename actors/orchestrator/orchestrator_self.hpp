// SPDX-License-Identifier: MIT
#pragma once

#include "messages/interfaces.hpp"

namespace edgeless {

/// To itself: the components of this workflow had their time to start; the
/// requests to host it are answered now.
struct host_timeout {
  workflow_id workflow;
};

/// To itself: pending components may be feasible now.
struct retry_pending {};

/// To itself: whether the joining node with this number can be reached; "": it
/// can.
struct reached {
  std::uint64_t number = 0;
  std::string fault;
};

/// To itself: the sessions lost since the last fence are fenced together.
struct fences_due {};

/// To itself: nodes had their time to rejoin since the controller has named its
/// workflows.
struct recovery_timeout {};

/// An ORCHESTRATOR with the messages that it sends to itself.
using orchestrator_self_actor = orchestrator_actor::extend<
  caf::reacts_to<host_timeout>, caf::reacts_to<retry_pending>,
  caf::reacts_to<reached>, caf::reacts_to<fences_due>,
  caf::reacts_to<recovery_timeout>>;

/// The actor whose thread and mailbox the parts of an orchestrator use.
using orchestrator_ptr = orchestrator_self_actor::pointer;

} // namespace edgeless

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::host_timeout)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::retry_pending)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::reached)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::fences_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::recovery_timeout)
