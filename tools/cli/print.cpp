// SPDX-License-Identifier: MIT
#include "tools/cli/print.hpp"

#include <caf/string_algorithms.hpp>

namespace edgeless {

namespace {

std::string list(const std::vector<std::string>& items) {
  return "[" + caf::join(items, ",") + "]";
}

void print_component(std::ostream& out, const component_draft& x) {
  auto function = x.kind == component_kind::function;
  out << "* " << (function ? "function " : "resource ") << x.name << '\n';
  if (function)
    out << "run-time " << x.function_type << " class " << x.class_id
        << " version " << x.version << " code " << x.code.substr(0, 12) << '\n';
  else
    out << x.class_id << '\n';
  for (auto& [channel, target] : x.output_mapping)
    out << "OUT " << channel << " -> " << target << '\n';
  for (auto& [key, value] : x.settings)
    out << (function ? "F_ANN " : "CONF ") << key << " -> " << value << '\n';
}

} // namespace

void print_workflow(std::ostream& out, const workflow_status& x) {
  for (auto kind : {component_kind::function, component_kind::resource})
    for (auto& y : x.spec.components)
      if (y.kind == kind)
        print_component(out, y);
  out << "* mapping\n";
  for (auto& [key, value] : x.spec.annotations)
    out << "W_ANN " << key << " -> " << value << '\n';
  for (auto& y : x.components)
    if (!x.domain.empty())
      out << "MAP " << y.name << " -> " << x.domain << " [logical ID "
          << to_string(y.id) << "]\n";
  out << "* state\n";
  for (auto& y : x.components) {
    out << y.name << " " << to_string(y.phase);
    if (y.node)
      out << " on node " << to_string(y.node) << " as "
          << to_string(y.instance);
    out << ", " << y.restarts << " restarts";
    if (!y.reason.empty())
      out << (y.phase == component_phase::running ? ", last one because "
                                                  : ", because ")
          << y.reason;
    out << '\n';
  }
  for (auto& reason : x.reasons)
    out << "pending because " << reason << '\n';
}

void print_pending(std::ostream& out, const workflow_status& x) {
  for (auto& reason : x.reasons)
    out << "pending: " << reason << '\n';
  if (!x.reasons.empty())
    return;
  for (auto& y : x.components)
    if (y.phase != component_phase::running)
      out << y.name << " is " << to_string(y.phase)
          << (y.reason.empty() ? "" : ": ") << y.reason << '\n';
}

std::string capabilities_line(const domain_description& x) {
  auto& c = x.total;
  return std::to_string(x.nodes) + " nodes, " + std::to_string(c.num_cpus)
         + " CPUs (" + std::to_string(c.num_cores) + " cores) with "
         + std::to_string(c.mem_size) + " MiB, labels " + list(c.labels)
         + ", num TEE " + std::to_string(x.tee_nodes) + ", num TPM "
         + std::to_string(x.tpm_nodes) + ", runtimes " + list(c.runtimes)
         + ", resources classes " + list(x.resource_classes) + " providers "
         + list(x.providers);
}

} // namespace edgeless
