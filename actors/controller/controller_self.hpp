// SPDX-License-Identifier: MIT
#pragma once

#include "messages/interfaces.hpp"

#include <string>

namespace edgeless {

/// To itself: the pause before the next attempt to reach a domain is over.
struct redial {
  std::string domain;
};

/// A CONTROLLER with the messages that it sends to itself.
using controller_self_actor = controller_actor::extend<caf::reacts_to<redial>>;

/// The actor whose thread and mailbox the parts of a controller use.
using controller_ptr = controller_self_actor::pointer;

} // namespace edgeless

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::redial)
