// SPDX-License-Identifier: MIT
#include "runtime/net/url.hpp"

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

TEST_CASE("a host has no bytes that the system would not look up") {
  using namespace std::string_view_literals;
  for (auto text : {"http://127.0.0.1\0.example.org:1"sv, "http://a b:1"sv,
                    "http://a\n:1"sv, "http://a\x7f:1"sv, "http://[\0]:1"sv})
    CHECK(!parse_url(text));
  CHECK(parse_url("http://b\xc3\xbc"
                  "cher.example.org:1"sv));
}
