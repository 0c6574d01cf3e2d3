// SPDX-License-Identifier: MIT
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduled_actor.hpp>

#include <cstddef>

/// The configuration of CAF in all programs. It replaces defaults by which a
/// busy actor starves the sockets, polling costs a percent of the CPU, dead
/// peers are never noticed, and node ids repeat in containers.
namespace edgeless {

/// Ignores configuration files and command lines.
class system_config : public caf::actor_system_config {
public:
  /// `threads`: the worker threads for actors that are not detached.
  explicit system_config(std::size_t threads = 2);
};

/// Removes the servers by which peers could spawn actors and read the
/// configuration. To be called right after the system was created.
void disable_remote_spawn(caf::actor_system& system);

/// An actor of CAF's network thread, which reads and writes all connections.
caf::actor network_actor_of(caf::actor_system& system);

/// Makes an actor respond to an unexpected message with an error, without
/// CAF's default of printing its whole content to stderr.
template <class Actor>
void keep_quiet(Actor* self) {
  self->set_default_handler(caf::drop);
}

} // namespace edgeless
