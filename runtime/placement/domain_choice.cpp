// SPDX-License-Identifier: MIT
#include "runtime/placement/domain_choice.hpp"

#include <cassert>

namespace edgeless {

namespace {

/// "f: no TEE; g: no TEE", or "" for a feasible domain.
std::string reason_line(const domain_reasons& reasons,
                        const std::vector<std::string>& components) {
  std::string result;
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    if (reasons[i].empty())
      continue;
    result += result.empty() ? "" : "; ";
    if (reasons.size() > 1 && i < components.size())
      result += components[i] + ": ";
    result += reasons[i];
  }
  return result;
}

} // namespace

domain_choice
choose_domain(const std::map<std::string, domain_reasons>& answers,
              const std::vector<std::string>& components,
              const random_source& random) {
  domain_choice result;
  std::vector<std::string> feasible;
  for (auto& [domain, reasons] : answers) {
    assert(!domain.empty());
    auto line = reason_line(reasons, components);
    if (line.empty())
      feasible.push_back(domain);
    else
      result.reasons.push_back("domain " + domain + ": " + line);
  }
  result.feasible = feasible.size();
  if (!feasible.empty())
    result.domain = feasible[random() % feasible.size()];
  assert(result.feasible + result.reasons.size() == answers.size());
  return result;
}

} // namespace edgeless
