// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"
#include "actors/threads.hpp"

#include "runtime/base/fair_queue.hpp"
#include "runtime/wasm/guest.hpp"

#include <caf/actor_clock.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// What the instances of functions need of their node.
struct function_context {
  instance_registry_ptr registry;
  egress_actor egress;
  telemetry_actor telemetry;
  node_actor node;
  std::shared_ptr<guest_engine> engine;
  std::chrono::milliseconds timeout{4'000};
  threads where = threads::own; ///< where the COMPILERs run
  /// Draws the stream ids of at-least-once channels.
  random_source random{};
};

/// A PROVIDER of functions, and its messages to itself.
using function_provider_actor = provider_actor::extend<
  // Starts that have taken longer than a turn do not hold up others.
  caf::reacts_to<atom::tick>>;

/// The PROVIDER of functions. Spawned by the NODE, through which it fetches
/// modules; spawns the COMPILERs and the INSTANCEs. Each module is loaded from
/// the cache on disk, or fetched and compiled, once, for all instances that
/// wait for it. Workflows take turns: one with many modules, or with slow ones,
/// delays another by one module, and one with many instances by a few starts.
struct function_provider_state {
  using pointer
    = function_provider_actor::stateful_pointer<function_provider_state>;
  static inline constexpr const char* name = "function_provider";

  explicit function_provider_state(pointer self);
  ~function_provider_state();

  void init(function_context context);
  caf::result<atom::ok> prepare(const physical_id& id,
                                const component_spec& spec);
  caf::result<atom::ok> start(const physical_id& id, const component_spec& spec,
                              const output_map& outputs,
                              const std::string& state);
  void stop(const physical_id& id);

  /// A module, and the engine that compiles it.
  using module_key = std::pair<code_id, isolation>;

  /// The arguments of an activation.
  struct activation {
    output_map outputs;
    std::string state;
  };

  struct pending_start {
    physical_id id;
    component_spec spec;
    std::optional<activation> activate_with; ///< nullopt: prepare only
    caf::typed_response_promise<atom::ok> promise;
  };

  caf::result<atom::ok> enqueue(pending_start x);
  void make_and_answer(pending_start& x, guest_class_ptr code);
  void start_next();
  void start_now(pending_start x, guest_class_ptr code);
  void schedule_tick();
  void on_started(const physical_id& id);
  void tick();
  guest_engine& engine(isolation where) const;
  void fetch(const module_key& x);
  void on_fetched(const module_key& x, std::string module);
  enum class work { load, compile };
  void request_work(work what, const module_key& x, std::string module);
  void work_next(work what, isolation where);
  void on_compiled(const module_key& x);
  void on_failed(const module_key& x, const caf::error& reason);
  instance_actor make(const physical_id& id, const component_spec& spec,
                      guest_class_ptr code);

  pointer self;
  function_context context;
  struct compilation {
    module_key key;
    std::string module; ///< empty: load its compiled form
  };
  /// A COMPILER, with one module at a time; others wait here. What is loaded
  /// from the cache does not wait for what is compiled.
  struct compiler_queue {
    compiler_actor compiler;
    bool is_busy = false;
    fair_queue<workflow_id, compilation> waiting;
  };
  std::map<std::pair<work, isolation>, compiler_queue> compilers;
  /// The starts that wait for a module to be loaded, or fetched and compiled.
  std::map<module_key, std::vector<pending_start>> pending;
  /// Starts that only lack their turn.
  struct ready_start {
    pending_start what;
    guest_class_ptr code;
  };
  fair_queue<workflow_id, ready_start> ready;
  /// Their promises; none: the start was cancelled.
  std::map<physical_id, caf::typed_response_promise<atom::ok>> ready_promises;
  /// Instances whose start is under way, and since when.
  std::map<physical_id, caf::actor_clock::time_point> starting;
  bool is_tick_scheduled = false;
};

function_provider_actor::behavior_type
function_provider(function_provider_state::pointer self,
                  function_context context);

} // namespace edgeless
