// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"
#include "messages/workflow.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

/// Which domain gets a workflow. A workflow is never split between domains.
namespace edgeless {

struct domain_choice {
  std::string domain;       ///< empty: no domain is feasible
  std::size_t feasible = 0; ///< the number of feasible domains
  /// One line for each infeasible domain; for people.
  std::vector<std::string> reasons;
  /// Why the workflow is refused, one line for each component that some domain
  /// can never host. Empty if a domain can host it, or may become able to: a
  /// domain that was not asked, or has no nodes, may.
  std::vector<std::string> never;
};

/// Chooses among the domains without a reason, each with the same probability.
/// `components` are the names of the components, in the order of the reasons.
domain_choice choose_domain(const std::map<std::string, obstacles>& answers,
                            const std::vector<std::string>& components,
                            const random_source& random);

} // namespace edgeless
