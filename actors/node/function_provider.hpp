// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"
#include "actors/threads.hpp"

#include "runtime/wasm/guest.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// What the instances of functions need from their node.
struct function_context {
  instance_registry_ptr registry;
  egress_actor egress;
  telemetry_actor telemetry;
  node_actor node;
  std::shared_ptr<guest_engine> engine;
  std::chrono::milliseconds timeout;
  threads where = threads::own; ///< the COMPILERs
  /// Asked if a channel of an instance delivers at least once.
  random_source random{};
};

/// The PROVIDER of functions. Spawned by the NODE, and asks it for modules it
/// lacks; spawns the COMPILER and the INSTANCEs. Each module is fetched and
/// compiled once, however many wait for it.
struct function_provider_state {
  using pointer = provider_actor::stateful_pointer<function_provider_state>;
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

  /// A module, and the engine that shall have it.
  using recipe = std::pair<code_id, isolation>;

  /// What an instance is activated with.
  struct first_words {
    output_map outputs;
    std::string state;
  };

  struct order {
    physical_id id;
    component_spec spec;
    std::optional<first_words> words; ///< nothing: it is only prepared
    caf::typed_response_promise<atom::ok> promise;
  };

  caf::result<atom::ok> take(order x);
  void fulfil(order& x, guest_class_ptr code);
  guest_engine& engine(isolation where) const;
  void fetch(const recipe& x);
  void compile(const recipe& x, const std::string& module);
  void serve(const recipe& x);
  void refuse(const recipe& x, const caf::error& reason);
  instance_actor make(const physical_id& id, const component_spec& spec,
                      guest_class_ptr code);

  pointer self;
  function_context context;
  /// By where guests run: one at a time each.
  std::map<isolation, compiler_actor> compilers;
  /// Who waits for a module on its way.
  std::map<recipe, std::vector<order>> orders;
};

provider_actor::behavior_type
function_provider(function_provider_state::pointer self,
                  function_context context);

} // namespace edgeless
