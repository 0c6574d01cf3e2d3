// SPDX-License-Identifier: MIT
#include "runtime/placement/domain_choice.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace edgeless;

namespace {

using names = std::vector<std::string>;

domain_choice choose(const std::map<std::string, domain_reasons>& answers,
                     std::uint64_t number = 0, const names& components = {}) {
  return choose_domain(answers, components, [number] { return number; });
}

} // namespace

TEST_CASE("domain choice: without domains none is chosen") {
  auto x = choose({});

  CHECK(x.domain.empty());
  CHECK(x.feasible == 0);
  CHECK(x.reasons.empty());
}

TEST_CASE("domain choice: only a feasible domain is chosen") {
  for (std::uint64_t i = 0; i < 10; ++i) {
    auto x = choose({{"a", {"no TEE"}}, {"b", {""}}, {"c", {"away"}}}, i);

    CHECK(x.domain == "b");
    CHECK(x.feasible == 1);
    CHECK(x.reasons == names{"domain a: no TEE", "domain c: away"});
  }
}

TEST_CASE("domain choice: every feasible domain can be chosen") {
  std::set<std::string> chosen;
  for (std::uint64_t i = 0; i < 3; ++i)
    chosen.insert(choose({{"a", {}}, {"b", {}}, {"c", {}}}, i).domain);

  CHECK(chosen == std::set<std::string>{"a", "b", "c"});
}

TEST_CASE("domain choice: a domain that can host only some is infeasible") {
  auto x = choose({{"a", {"", "no TEE", "no TPM"}}}, 0, {"f", "g", "h"});

  CHECK(x.domain.empty());
  CHECK(x.reasons == names{"domain a: g: no TEE; h: no TPM"});
}
