// SPDX-License-Identifier: MIT
#include "runtime/placement/domain_choice.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace edgeless;

namespace {

using names = std::vector<std::string>;

domain_choice choose(const std::map<std::string, names>& reasons,
                     std::uint64_t number = 0, const names& components = {}) {
  std::map<std::string, obstacles> answers;
  for (auto& [domain, x] : reasons)
    answers[domain].reasons = x;
  return choose_domain(answers, components, [number] { return number; });
}

names never(const std::map<std::string, obstacles>& answers) {
  return choose_domain(answers, {"f", "g"}, [] { return 0; }).never;
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

TEST_CASE("domain choice: names the components that no domain can ever host") {
  CHECK(never({{"a", {{"", "no TEE"}, {1}}}}) == names{"g: no TEE"});
  CHECK(never({{"a", {{"no TPM", "no TEE"}, {0, 1}}}})
        == names{"f: no TPM", "g: no TEE"});
  CHECK(never({{"a", {{"", "no TEE"}, {1}}}, {"b", {{"no TPM", "x"}, {0, 1}}}})
        == names{"f: domain b: no TPM", "g: domain a: no TEE; domain b: x"});
}

TEST_CASE("domain choice: what may change is not for ever") {
  CHECK(never({}).empty());
  CHECK(never({{"a", {{"", "is cordoned"}, {}}}}).empty());
  CHECK(never({{"a", {{"", "no TEE"}, {1}}}, {"b", {{"away"}, {}}}}).empty());
  CHECK(never({{"a", {{"", "no TEE"}, {1}}}, {"b", {{"", ""}, {}}}}).empty());
}

TEST_CASE("domain choice: an answer to another question proves nothing") {
  CHECK(never({{"a", {{"", "no TEE", "no TPM"}, {2}}}}).empty());
  CHECK(never({{"a", {{"no TEE"}, {1}}}}).empty());
}
