// SPDX-License-Identifier: MIT
#include "runtime/base/secrets.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("secrets: the values of keys that name one are masked") {
  for (auto key : {"password", "DB_PASSWORD", "client-secret", "api_key",
                   "apiKey", "access_token", "credentials"}) {
    CAPTURE(key);
    CHECK(masked({{key, "x"}}).at(key) == "***");
  }
  for (auto key : {"filename", "key", "url", "period", "author"}) {
    CAPTURE(key);
    CHECK(masked({{key, "x"}}).at(key) == "x");
  }
}

TEST_CASE("secrets: the credentials in URLs are masked") {
  CHECK(masked({{"url", "redis://:word@host:6379/1"}}).at("url")
        == "redis://***@host:6379/1");
  CHECK(masked_urls("a http://u:p@h/x@y and https://k@i, z")
        == "a http://***@h/x@y and https://***@i, z");
  CHECK(masked_urls("http://host/a@b") == "http://host/a@b");
  CHECK(masked_urls("mail@host") == "mail@host");
  CHECK(masked_urls("://") == "://");
  CHECK(masked_urls("unix:///run/r?db=1&pass=word or x")
        == "unix:///run/r?db=1&pass=*** or x");
  CHECK(masked_urls("http://h/?api-key=a&b=c#d, http://u@i?token=x")
        == "http://h/?api-key=***&b=c#d, http://***@i?token=***");
  CHECK(masked_urls("http://h/?compass=north&pass")
        == "http://h/?compass=north&pass");
}
