// SPDX-License-Identifier: MIT
#include "runtime/drivers/driver.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("driver: a library that is not installed is named with its package") {
  auto made = load_driver<int>("nothing");
  REQUIRE_FALSE(made);
  auto text = explain(made.error());
  CHECK(text.find("libedgeless_nothing.so") != std::string::npos);
  CHECK(text.find("install edgeless-connectors-nothing") != std::string::npos);
}
