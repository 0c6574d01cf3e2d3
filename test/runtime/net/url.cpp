// SPDX-License-Identifier: MIT
#include "runtime/net/url.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("url: loopback addresses and localhost are loopback") {
  for (auto host : {"127.0.0.1", "127.1.2.3", "::1", "localhost"})
    CHECK(is_loopback({"http", host, 1}));
}

TEST_CASE("url: a name that resembles a loopback address is not loopback") {
  for (auto host : {"127.example.org", "127.0.0.1.example.org", "127.",
                    "126.0.0.1", "0.0.0.0", "::2", "localhost.example.org"})
    CHECK(!is_loopback({"http", host, 1}));
}

TEST_CASE("url: refuses control characters and spaces in the host") {
  using namespace std::string_view_literals;
  for (auto text : {"http://127.0.0.1\0.example.org:1"sv, "http://a b:1"sv,
                    "http://a\n:1"sv, "http://a\x7f:1"sv, "http://[\0]:1"sv})
    CHECK(!parse_url(text));
  CHECK(parse_url("http://b\xc3\xbc"
                  "cher.example.org:1"sv));
}
