// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

/// Which domain gets a workflow. A workflow is never split between domains.
namespace edgeless {

/// Why a domain cannot host a workflow: one entry for each component, "" where
/// nothing is in the way; or one entry for the whole domain.
using domain_reasons = std::vector<std::string>;

struct domain_choice {
  std::string domain;       ///< empty: no domain is feasible
  std::size_t feasible = 0; ///< the number of feasible domains
  /// One line for each infeasible domain; for people.
  std::vector<std::string> reasons;
};

/// Chooses among the domains without a reason, each with the same probability.
/// `components` are the names of the components, in the order of the reasons.
domain_choice
choose_domain(const std::map<std::string, domain_reasons>& answers,
              const std::vector<std::string>& components,
              const random_source& random);

} // namespace edgeless
