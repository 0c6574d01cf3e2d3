// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"
#include "messages/node.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

/// The SHA-256 of a module, in lower-case hexadecimal; empty for resources.
using code_id = std::string;

enum class component_kind : std::uint8_t { function, resource };

/// A function or resource as written in the workflow file.
struct component_draft {
  std::string name;
  component_kind kind = component_kind::function;
  /// The id of the function, or the class type of the resource.
  std::string class_id;
  std::string function_type; ///< such as RUST_WASM; empty for resources
  std::string version;
  code_id code;
  std::vector<std::string> outputs; ///< informational, as in EDGELESS
  /// Output channel -> name of a component.
  std::map<std::string, std::string> output_mapping;
  /// The annotations of a function, the configurations of a resource.
  std::map<std::string, std::string> settings;

  friend bool operator==(const component_draft&, const component_draft&)
    = default;
};
BOOST_DESCRIBE_STRUCT(component_draft, (),
                      (name, kind, class_id, function_type, version, code,
                       outputs, output_mapping, settings))

/// What a client asks a controller to run.
struct workflow_spec {
  std::vector<component_draft> components;
  std::map<std::string, std::string> annotations;

  friend bool operator==(const workflow_spec&, const workflow_spec&) = default;
};
BOOST_DESCRIBE_STRUCT(workflow_spec, (), (components, annotations))

/// A component with its ids, as orchestrators and nodes handle it.
struct component_spec {
  logical_id id;
  workflow_id workflow;
  std::string name;
  component_kind kind = component_kind::function;
  std::string class_id;
  std::string function_type;
  std::string version;
  code_id code;
  std::vector<std::string> outputs; ///< informational, as in EDGELESS
  std::map<std::string, std::string> settings;
  /// Output channel -> component.
  std::map<std::string, logical_id> wiring;

  friend bool operator==(const component_spec&, const component_spec&)
    = default;
};
BOOST_DESCRIBE_STRUCT(component_spec, (),
                      (id, workflow, name, kind, class_id, function_type,
                       version, code, outputs, settings, wiring))

/// Equal for two specs that run the same code with the same settings.
std::uint64_t fingerprint(const component_spec& spec);

/// Equal for two equal states; 0 for no state.
std::uint64_t fingerprint_of_state(std::string_view state);

enum class component_phase : std::uint8_t { pending, starting, running };

std::string to_string(component_phase phase);

struct component_status {
  logical_id id;
  std::string name;
  component_kind kind = component_kind::function;
  component_phase phase = component_phase::pending;
  node_id node;
  physical_id instance;
  /// Why it is pending, or why it was last restarted; for operators.
  std::string reason;
  std::uint32_t restarts = 0;
};
BOOST_DESCRIBE_STRUCT(component_status, (),
                      (id, name, kind, phase, node, instance, reason, restarts))

struct workflow_status {
  workflow_id id;
  workflow_spec spec;
  /// Empty while no domain can host it.
  std::string domain;
  std::vector<component_status> components;
  /// Why it is pending, domain by domain; for operators.
  std::vector<std::string> reasons;
};
BOOST_DESCRIBE_STRUCT(workflow_status, (),
                      (id, spec, domain, components, reasons))

/// What a controller does with a workflow that no node could ever host.
enum class if_infeasible : std::uint8_t { refuse, wait };

/// What keeps a domain from hosting a workflow at present.
struct obstacles {
  /// One for each component, "" where nothing is in the way; or one for the
  /// whole domain. For people.
  std::vector<std::string> reasons;
  /// The indices of the components that no node of this domain could host, even
  /// if it were idle. Empty while that is unknown: before nodes have joined.
  std::vector<std::uint32_t> never;

  friend bool operator==(const obstacles&, const obstacles&) = default;
};
BOOST_DESCRIBE_STRUCT(obstacles, (), (reasons, never))

/// What the nodes of a domain offer in sum.
struct domain_description {
  std::string id;
  /// False while its orchestrator cannot be reached.
  bool attached = false;
  std::uint32_t nodes = 0;
  node_capabilities total;
  std::vector<std::string> resource_classes;
  std::vector<std::string> providers;
  std::uint32_t tee_nodes = 0;
  std::uint32_t tpm_nodes = 0;
};
BOOST_DESCRIBE_STRUCT(domain_description, (),
                      (id, attached, nodes, total, resource_classes, providers,
                       tee_nodes, tpm_nodes))

/// A part of the state of a function, which may not fit into one message.
struct state_part {
  std::uint64_t size = 0; ///< of the whole state; zero: there is none
  std::uint64_t offset = 0;
  std::string bytes; ///< at most limits::state

  friend bool operator==(const state_part&, const state_part&) = default;
};
BOOST_DESCRIBE_STRUCT(state_part, (), (size, offset, bytes))

/// A part of a module. Requested by offset, so that each request can be
/// repeated.
struct code_part {
  code_id code;
  std::uint64_t size = 0; ///< of the whole module
  std::uint64_t offset = 0;
  std::string bytes; ///< at most limits::part
};
BOOST_DESCRIBE_STRUCT(code_part, (), (code, size, offset, bytes))

} // namespace edgeless
