// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/inbox.hpp"
#include "actors/threads.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// What a resource does with what it is sent: a plain object of its instance.
class resource {
public:
  virtual ~resource() = default;

  /// Gets ready. The error says what its configuration lacks, or what the
  /// machine refuses.
  virtual caf::error open() = 0;

  /// How a batch went: so many of its events could not be handled, and why.
  /// Whoever called then is answered with an error, else with "".
  /// Who is in `answers`, by the place in the batch, gets just that: a reply,
  /// or nothing, which is an error.
  struct outcome {
    std::uint64_t failed = 0;
    caf::error problem;
    std::map<std::size_t, std::optional<std::string>> answers{};
  };

  /// Handles a batch, casts and calls; `now` is the time of the actors.
  virtual outcome
  handle(const std::vector<event>& batch, caf::actor_clock::time_point now)
    = 0;
};

using resource_ptr = std::unique_ptr<resource>;

/// Makes what an instance of that component does.
using resource_maker = std::function<resource_ptr(const component_spec&)>;

/// What the instances of resources need from their node.
struct resource_context {
  instance_registry_ptr registry;
  egress_actor egress;
  node_actor node;
  /// Own, if handling may block.
  threads where = threads::pool;
};

/// An INSTANCE of a resource, and what it says to itself.
using resource_actor = instance_actor::extend<
  // Sources are held for as long as may be.
  caf::reacts_to<atom::tick>,
  // What still arrives has been passed on for long enough.
  caf::reacts_to<atom::hand_over>,
  // What was under way when it stopped has arrived.
  caf::reacts_to<atom::proceed>>;

/// One running copy of a resource, of whatever class: an inbox, and what it
/// does. Spawned by its PROVIDER.
struct resource_state {
  using pointer = resource_actor::stateful_pointer<resource_state>;
  static inline constexpr const char* name = "resource";

  explicit resource_state(pointer self);
  /// Whoever ends it, what it had is counted.
  ~resource_state();

  caf::result<atom::ok> activate();
  void receive(events batch);
  void proceed();
  void handle();
  caf::result<atom::ok> freeze();
  void thaw();
  void hand_over(const endpoint& to, std::uint32_t feeders);
  void watch_holds();
  void complain(const caf::error& reason);
  void stop();
  void leave();

  pointer self;
  physical_id id;
  component_spec spec;
  instance_registry_ptr registry;
  credit_ptr room;
  resource_ptr handler;
  std::unique_ptr<outbox> answers;
  std::unique_ptr<inbox> queue;
  bool open = false;
  bool frozen = false;
  bool over = false;
  bool watching_holds = false;
  caf::actor_clock::time_point next_complaint;
};

/// The PROVIDER of the resources that `make` makes. Spawned by the NODE.
provider_actor::behavior_type resource_provider(provider_actor::pointer self,
                                                resource_context context,
                                                resource_maker make);

} // namespace edgeless
