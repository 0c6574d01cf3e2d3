// SPDX-License-Identifier: MIT
#include "runtime/base/nearest.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("nearest: finds the most similar word or none") {
  std::vector<std::string> words{"agent_url", "invocation_url"};
  CHECK(nearest("agent_ulr", words) == "agent_url");
  CHECK(nearest("invocationurl", words) == "invocation_url");
  CHECK(nearest("x", words) == "");
}
