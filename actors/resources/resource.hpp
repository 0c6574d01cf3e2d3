// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/instance_queues.hpp"
#include "actors/threads.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace edgeless {

/// The implementation of one class of resources: a plain object of an instance.
class resource {
public:
  virtual ~resource() = default;

  /// Prepares for events. An error says what the configuration lacks, or what
  /// the machine refuses.
  virtual caf::error open() = 0;

  /// The outcome of a batch.
  struct outcome {
    std::uint64_t failed = 0; ///< how many events could not be handled
    caf::error problem;       ///< why; none: all were handled
    /// The replies to calls, by the place in the batch; nullopt: an error.
    /// Other calls get an error if there is a problem, else an empty reply.
    std::map<std::size_t, std::optional<std::string>> answers{};
  };

  /// Handles a batch of casts and calls; `now` is the time of the actors.
  virtual outcome handle(const events& batch, caf::actor_clock::time_point now)
    = 0;
};

/// A setting of the component's configuration; empty: it is missing.
std::string setting(const component_spec& spec, const std::string& key);

using resource_ptr = std::unique_ptr<resource>;

/// Makes the implementation for an instance of that component.
using resource_maker = std::function<resource_ptr(const component_spec&)>;

/// What the instances of resources need from their node.
struct resource_context {
  instance_registry_ptr registry;
  egress_actor egress;
  node_actor node;
  /// threads::own if handle() may block.
  threads where = threads::pool;
};

/// An INSTANCE of a resource, and its messages to itself.
using resource_actor = instance_actor::extend<
  // Timeouts: see instance_queues::on_tick().
  caf::reacts_to<atom::tick>,
  // The events that were in flight when it stopped have arrived.
  caf::reacts_to<atom::resume>>;

/// The INSTANCE of a resource of any class: an inbox and an implementation.
/// Spawned by its PROVIDER.
struct resource_state {
  using pointer = resource_actor::stateful_pointer<resource_state>;
  static inline constexpr const char* name = "resource";

  explicit resource_state(pointer self);
  /// Counts the events that it has not handled.
  ~resource_state();

  caf::result<atom::ok> activate();
  void receive(events batch);
  void process();
  void handle_batch();
  void reply(const event& call, std::optional<std::string> answer);
  caf::result<atom::ok> freeze();
  void thaw();
  void hand_over(const endpoint& to, std::uint32_t feeders);
  void log_problem(const caf::error& reason);
  void stop();

  pointer self;
  component_spec spec;
  instance_registry_ptr registry;
  resource_ptr implementation;
  std::unique_ptr<instance_queues> queues;
  bool is_open = false;
  bool is_frozen = false;
  bool is_stopped = false;
  caf::actor_clock::time_point next_log_line;
};

/// The PROVIDER of the resources that `make` implements. Spawned by the NODE.
provider_actor::behavior_type resource_provider(provider_actor::pointer self,
                                                resource_context context,
                                                resource_maker make);

} // namespace edgeless
