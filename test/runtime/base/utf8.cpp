// SPDX-License-Identifier: MIT
#include "runtime/base/utf8.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("is_utf8: accepts UTF-8") {
  for (auto text : {"", "a", "\x7f", "\u00e9", "\u03b5-ORC", "\u20ac",
                    "\U0001F600", "\U0010FFFF"})
    CHECK_MESSAGE(is_utf8(text), text);
}

TEST_CASE("is_utf8: refuses overlong forms, surrogates and cut sequences") {
  for (auto text : {"\x80", "\xff", "a\xc3", "\xc3(", "\xc0\xaf",
                    "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                    "\xf4\x90\x80\x80", "\xe2\x82", "\xf0\x9f\x98"})
    CHECK(!is_utf8(text));
}
