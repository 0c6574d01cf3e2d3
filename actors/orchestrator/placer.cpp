// SPDX-License-Identifier: MIT
#include "actors/orchestrator/orchestrator.hpp"

#include "runtime/base/log.hpp"

#include <algorithm>

namespace edgeless {

namespace {} // namespace

placement orchestrator_state::at(const member& x) const {
  return {x.description.id, x.session, x.description.invocation_url, x.handle};
}

/// By the strategy of the domain, among those that may take anything new.
std::optional<placement>
orchestrator_state::choose(const component_spec& spec) {
  auto choice = picker->pick(requirements_of(spec));
  ++(choice ? options.counts->placements : options.counts->infeasible);
  if (!choice)
    return std::nullopt;
  log_info(name, "placed ", spec.name, " (", spec.class_id, ") on node ",
           *choice, ", ", to_string(options.strategy), " of ", picker->size());
  return at(nodes[*choice]);
}

caf::result<placement> orchestrator_state::place(const component_spec& spec) {
  auto choice = choose(spec);
  if (!choice)
    return fail(ec::no_feasible_node, why_nowhere(spec));
  if (auto i = components.find(spec.id); i != components.end())
    assign(spec.id, i->second, choice->session);
  return *choice;
}

std::vector<std::string> orchestrator_state::why_not(const component_spec& spec,
                                                     const member& x) const {
  auto reasons = edgeless::why_not(requirements_of(spec), x.description);
  if (cordoned.contains(x.description.id))
    reasons.emplace_back("is cordoned");
  return reasons;
}

std::string orchestrator_state::why_nowhere(const component_spec& spec) const {
  if (nodes.empty())
    return "no node has joined the domain";
  std::string result;
  for (auto& [id, x] : nodes) {
    auto reasons = why_not(spec, x);
    if (reasons.empty())
      return {};
    result += (result.empty() ? "node " : "; node ") + to_string(id) + ": ";
    for (auto& reason : reasons)
      result += (&reason == &reasons.front() ? "" : ", ") + reason;
    if (result.size() > limits::text)
      break;
  }
  return result;
}

std::vector<std::string>
orchestrator_state::why_not(const std::vector<component_spec>& specs) const {
  std::vector<std::string> result;
  for (auto& spec : specs)
    result.push_back(picker->any_feasible(requirements_of(spec))
                       ? std::string{}
                       : why_nowhere(spec));
  return result;
}

domain_description orchestrator_state::describe() const {
  domain_description result;
  result.id = options.domain_id;
  result.attached = true;
  result.nodes = static_cast<std::uint32_t>(nodes.size());
  std::set<std::string> labels, runtimes, classes, providers;
  for (auto& [id, x] : nodes) {
    auto& c = x.description.capabilities;
    result.total.num_cpus += c.num_cpus;
    result.total.num_cores += c.num_cores;
    result.total.mem_size += c.mem_size;
    result.tee_nodes += c.is_tee_running;
    result.tpm_nodes += c.has_tpm;
    labels.insert(c.labels.begin(), c.labels.end());
    runtimes.insert(c.runtimes.begin(), c.runtimes.end());
    for (auto& y : x.description.providers) {
      classes.insert(y.class_type);
      providers.insert(y.id);
    }
  }
  result.total.labels.assign(labels.begin(), labels.end());
  result.total.runtimes.assign(runtimes.begin(), runtimes.end());
  result.resource_classes.assign(classes.begin(), classes.end());
  result.providers.assign(providers.begin(), providers.end());
  return result;
}

} // namespace edgeless
