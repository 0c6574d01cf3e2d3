// SPDX-License-Identifier: MIT
#include "runtime/drivers/driver.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("driver: an installed library is loaded once") {
  auto first = load_driver<int>("probe");
  REQUIRE_MESSAGE(first, explain(first.error()));
  CHECK(**first == 42);
  CHECK(load_driver<int>("probe") == first);
}

TEST_CASE("driver: a library of another version is refused") {
  auto made = load_driver<int>("stale");
  REQUIRE_FALSE(made);
  CHECK(explain(made.error())
          .find("libedgeless_stale.so is of version "
                "\"0.0.0\" instead of")
        != std::string::npos);
}

TEST_CASE("driver: a library that is not installed is named with its package") {
  auto made = load_driver<int>("nothing");
  REQUIRE_FALSE(made);
  auto text = explain(made.error());
  CHECK(text.find("libedgeless_nothing.so") != std::string::npos);
  CHECK(text.find("install edgeless-connectors-nothing") != std::string::npos);
}
