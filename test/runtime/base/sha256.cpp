// SPDX-License-Identifier: MIT
#include "runtime/base/sha256.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("sha256: matches the digests of FIPS 180-4") {
  CHECK(sha256("")
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc")
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("is_sha256: accepts only 64 lower-case hexadecimal digits") {
  CHECK(is_sha256(sha256("")));
  CHECK(!is_sha256(""));
  CHECK(!is_sha256("../" + sha256("").substr(3)));
  CHECK(!is_sha256(std::string(64, 'A')));
  CHECK(!is_sha256(sha256("") + "0"));
}
