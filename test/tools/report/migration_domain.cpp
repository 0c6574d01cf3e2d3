// SPDX-License-Identifier: MIT
#include "tools/report/harness/in_process/migration_domain.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include "tools/report/plan.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::benchmark;
using namespace std::chrono_literals;

TEST_CASE("migration domain: delivers a stream once and in order while its "
          "middle migrates") {
  folder here;
  auto domain = migration_domain::make(here / "domain");
  REQUIRE_MESSAGE(domain, explain(domain ? caf::error{} : domain.error()));
  auto& x = **domain;
  stream events{x.front(), x.source(), 100};
  auto before = x.other_node();
  REQUIRE(!x.migrate());
  CHECK(x.other_node() != before);
  REQUIRE(!x.migrate());
  CHECK(x.other_node() == before);
  auto sent = events.stop();
  CHECK(wait_until(10s, [&] { return x.sink().size() >= sent; }));
  auto stats = delivery_stats_of(x.sink().take(), sent);
  CHECK(stats.lost == 0);
  CHECK(stats.duplicated == 0);
  CHECK(stats.out_of_order == 0);
}
