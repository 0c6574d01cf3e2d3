// SPDX-License-Identifier: MIT
#include "test/actors/orchestrator/orchestrator_fixture.hpp"

#include "runtime/base/sha256.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "module source: a module is fetched once from the controller and kept") {
  std::string module = "some code";
  auto id = sha256(module);
  auto asked = 0;
  auto source = spawn_double<controller_link_actor>(
    [&](atom::fetch, const code_id&, std::uint64_t offset) {
      ++asked;
      return code_part{id, module.size(), offset, module.substr(offset)};
    });
  REQUIRE(ask<domain_description>(subject, atom::attach_v,
                                  std::string{"domain-1"}, source));

  auto first = ask<code_part>(subject, atom::fetch_v, id, std::uint64_t{0});
  auto again = ask<code_part>(subject, atom::fetch_v, id, std::uint64_t{5});

  REQUIRE(first);
  CHECK(first->bytes == module);
  REQUIRE(again);
  CHECK(again->bytes == "code");
  CHECK(asked == 1);
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "module source: a module that does not match its hash is refused") {
  auto id = sha256("some code");
  auto source = spawn_double<controller_link_actor>(
    [&](atom::fetch, const code_id&, std::uint64_t) {
      return code_part{id, 3, 0, "bad"};
    });
  REQUIRE(ask<domain_description>(subject, atom::attach_v,
                                  std::string{"domain-1"}, source));

  auto x = ask<code_part>(subject, atom::fetch_v, id, std::uint64_t{0});

  REQUIRE(!x);
  CHECK(x.error() == ec::bad_input);
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "module source: without a controller an unknown module is an error") {
  auto x
    = ask<code_part>(subject, atom::fetch_v, sha256("x"), std::uint64_t{0});

  REQUIRE(!x);
  CHECK(x.error() == ec::unknown_code);
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "module source: a module that no component uses anymore is removed") {
  std::string module = "some code";
  auto id = sha256(module);
  auto asked = 0;
  auto source = spawn_double<controller_link_actor>(
    [&](atom::fetch, const code_id&, std::uint64_t offset) {
      ++asked;
      return code_part{id, module.size(), offset, module.substr(offset)};
    });
  REQUIRE(ask<domain_description>(subject, atom::attach_v,
                                  std::string{"domain-1"}, source));
  auto workflow = any<workflow_id>();
  auto spec = function(workflow);
  spec.code = id;
  REQUIRE(ask<statuses>(subject, atom::host_v, workflow, specs{spec}));
  REQUIRE(ask<code_part>(subject, atom::fetch_v, id, std::uint64_t{0}));
  REQUIRE(asked == 1);

  REQUIRE(ask<atom::ok>(subject, atom::drop_v, workflow));

  REQUIRE(ask<code_part>(subject, atom::fetch_v, id, std::uint64_t{0}));
  CHECK(asked == 2);
}
