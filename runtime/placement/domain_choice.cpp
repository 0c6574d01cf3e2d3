// SPDX-License-Identifier: MIT
#include "runtime/placement/domain_choice.hpp"

#include <cassert>

namespace edgeless {

namespace {

/// "f: no TEE; g: no TEE", or "" for a feasible domain.
std::string reason_line(const std::vector<std::string>& reasons,
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

/// "f: no TEE", or with several domains "f: domain a: no TEE; domain b: no
/// TEE", for each component that a domain can never host; empty unless each
/// domain has such a component.
std::vector<std::string>
lines_of_never(const std::map<std::string, obstacles>& answers,
               const std::vector<std::string>& components) {
  std::vector<std::string> lines(components.size());
  for (auto& [domain, x] : answers) {
    if (x.never.empty())
      return {};
    for (auto i : x.never) {
      if (i >= lines.size() || i >= x.reasons.size())
        return {}; // no answer to this question
      lines[i] += lines[i].empty() ? components[i] + ": " : "; ";
      if (answers.size() > 1)
        lines[i] += "domain " + domain + ": ";
      lines[i] += x.reasons[i];
    }
  }
  std::erase(lines, "");
  return lines;
}

} // namespace

domain_choice choose_domain(const std::map<std::string, obstacles>& answers,
                            const std::vector<std::string>& components,
                            const random_source& random) {
  domain_choice result;
  std::vector<std::string> feasible;
  for (auto& [domain, x] : answers) {
    assert(!domain.empty());
    auto line = reason_line(x.reasons, components);
    if (line.empty())
      feasible.push_back(domain);
    else
      result.reasons.push_back("domain " + domain + ": " + line);
  }
  result.feasible = feasible.size();
  if (!feasible.empty())
    result.domain = feasible[random() % feasible.size()];
  else
    result.never = lines_of_never(answers, components);
  assert(result.feasible + result.reasons.size() == answers.size());
  return result;
}

} // namespace edgeless
