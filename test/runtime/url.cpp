// SPDX-License-Identifier: MIT
#include "runtime/url.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("loopback is an address, or its one name") {
  for (auto host : {"127.0.0.1", "127.1.2.3", "::1", "localhost"})
    CHECK(is_loopback({"http", host, 1}));
}

TEST_CASE("a name that looks like loopback may lead anywhere") {
  for (auto host : {"127.example.org", "127.0.0.1.example.org", "127.",
                    "126.0.0.1", "0.0.0.0", "::2", "localhost.example.org"})
    CHECK(!is_loopback({"http", host, 1}));
}
