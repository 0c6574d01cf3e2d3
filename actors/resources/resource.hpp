// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/instance_queues.hpp"
#include "actors/resources/emitter.hpp"
#include "actors/threads.hpp"

#include "runtime/delivery/channel_policy.hpp"

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

  /// Is called before open() with what the implementation may send through,
  /// from any thread and for as long as it likes.
  virtual void set_outlet(outlet_ptr) {
    // nop
  }

  /// Is called after open(): the instance runs from now on. `state` is what the
  /// last instance of the component has saved; empty: nothing. A successor
  /// continues an instance that has migrated.
  virtual void begin(const std::string& /*state*/, bool /*is_successor*/,
                     caf::actor_clock::time_point /*now*/) {
    // nop
  }

  /// When on_time() is to be called next; nullopt: not at all.
  virtual std::optional<caf::actor_clock::time_point> due() const {
    return std::nullopt;
  }

  /// What is due at `now`; not while the instance is frozen or stops.
  virtual void on_time(caf::actor_clock::time_point) {
    // nop
  }

  /// The instance stops: nothing new is begun. What has begun may end.
  virtual void drain() {
    // nop
  }

  /// The instance is about to move: what comes from outside is not begun here,
  /// until thaw().
  virtual void freeze() {
    // nop
  }
  virtual void thaw() {
    // nop
  }

  /// The policies of output channels for which the workflow states none.
  virtual channel_policies policies() const {
    return {};
  }

  /// How many events it handles at a time: those of a batch and the deferred
  /// ones. The others wait in the inbox.
  virtual std::size_t capacity() const {
    return limits::inbox_events;
  }

  /// The outcome of a batch.
  struct outcome {
    std::uint64_t failed = 0; ///< how many events could not be handled
    caf::error problem;       ///< why; none: all were handled
    /// The replies to calls, by the place in the batch; nullopt: an error.
    /// Other calls get an error if there is a problem, else an empty reply.
    std::map<std::size_t, std::optional<std::string>> answers{};
    /// The events that are not done yet, by the place in the batch, each with
    /// the ticket that outlet::finish() gets once.
    std::map<std::size_t, std::uint64_t> deferred{};
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
  /// For the streams of output channels that are delivered at least once.
  random_source random{};
};

/// How a node reaches the resources of a class in its whole domain: through an
/// instance of its own, which has an output channel for each of them, named
/// after its logical id. Called by the NODE.
class resource_relay {
public:
  virtual ~resource_relay() = default;

  /// The implementation of that instance.
  virtual resource_ptr make() = 0;
  /// There is such a resource in the domain, on this node or on another one.
  virtual void add(const component_spec& x) = 0;
  virtual void remove(const logical_id& x) = 0;
};

/// A class of resources, as the program gives it to its node.
struct resource_class {
  resource_maker make;
  bool may_block = false; ///< in handle()
  /// nullptr: its resources are reached on their own node only.
  std::shared_ptr<resource_relay> relay{};
};

/// An INSTANCE of a resource, and its messages to itself.
using resource_actor = instance_actor::extend<
  // Timeouts: see instance_queues::on_tick().
  caf::reacts_to<atom::tick>,
  // The outlet is not empty anymore.
  caf::reacts_to<atom::report>,
  // The events that were in flight when it stopped have arrived.
  caf::reacts_to<atom::resume>>;

/// The INSTANCE of a resource of any class: an inbox, an outbox and an
/// implementation. Spawned by its PROVIDER.
struct resource_state {
  using pointer = resource_actor::stateful_pointer<resource_state>;
  using time_point = caf::actor_clock::time_point;
  static inline constexpr const char* name = "resource";

  explicit resource_state(pointer self);
  /// Counts the events that it has not handled.
  ~resource_state();

  caf::result<atom::ok> activate(output_map outputs, const std::string& state,
                                 const instance_id& predecessor);
  void patch(output_map outputs);
  void fence(const fenced_sessions& dead);

  void receive(events batch);
  void take_up(event x);
  void process();
  void handle_batch();
  void drain_outlet();
  void save(const std::string& state);
  std::optional<time_point> timer() const;
  void finish(outlet::outcome x);
  void conclude(const event& x, std::optional<std::string> answer,
                call_progress progress = call_progress::unknown);
  void on_tick();

  caf::result<atom::ok> freeze();
  void thaw();
  void hand_over(const endpoint& to, std::uint32_t feeders);
  void log_problem(const caf::error& reason);
  bool is_idle() const;
  void stop();
  void end();

  pointer self;
  component_spec spec;
  instance_registry_ptr registry;
  node_actor node;
  resource_ptr implementation;
  std::unique_ptr<instance_queues> queues;
  outlet_ptr out;
  std::unique_ptr<emitter> emissions;
  std::map<std::uint64_t, event> deferred; ///< without payload, by ticket
  node_id predecessor_node;
  caf::typed_response_promise<atom::ok> freezing;
  bool is_open = false;
  bool is_frozen = false;
  std::optional<time_point> stop_deadline; ///< set: it is stopping
  bool is_stopped = false;
  time_point next_log_line;
};

/// Spawns an INSTANCE and adds it to the registry of the node.
resource_actor spawn_resource(caf::actor_system& system,
                              const resource_context& context,
                              const physical_id& id, const component_spec& spec,
                              resource_ptr implementation);

} // namespace edgeless
