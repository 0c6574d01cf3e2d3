// SPDX-License-Identifier: MIT
#include "test/world.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

TEST_CASE_FIXTURE(world, "a workflow starts and its events arrive") {
  add_node("node-1");
  std::vector<std::string> seen;
  scripts["sink"] = [&](guest_host&, const guest_event& x) -> step {
    if (x.kind == hook::cast)
      seen.push_back(x.payload);
    return {};
  };

  start({function("source", "echo", {{"out", "sink"}}),
         function("sink", "sink")});
  cast_to("source", "hello");

  CHECK(home("source") == "node-1");
  CHECK(home("sink") == "node-1");
  CHECK(seen == std::vector<std::string>{"hello"});
}
