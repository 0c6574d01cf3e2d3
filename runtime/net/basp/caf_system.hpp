// SPDX-License-Identifier: MIT
#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduled_actor.hpp>

#include <cstddef>

/// How CAF is set up in each of our programs. Its defaults are not for us: an
/// unlimited turn starves sockets, polling costs a percent of the CPU, dead
/// peers are never noticed, and the id of a node repeats in containers.
namespace edgeless {

/// Reads no file and no command line.
class system_config : public caf::actor_system_config {
public:
  /// `threads`: how many run actors that have no thread of their own.
  explicit system_config(std::size_t threads = 2);
};

/// Takes away what lets peers spawn actors and read the configuration. To be
/// called right after the system was made.
void disable_remote_spawn(caf::actor_system& system);

/// Makes an actor answer an unexpected message with an error, without
/// printing it: CAF's default writes all of its payload to stderr.
template <class Actor>
void keep_quiet(Actor* self) {
  self->set_default_handler(caf::drop);
}

} // namespace edgeless
