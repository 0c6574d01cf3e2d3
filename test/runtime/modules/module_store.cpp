// SPDX-License-Identifier: MIT
#include "runtime/modules/module_store.hpp"

#include "runtime/base/sha256.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace edgeless;

namespace {

code_part part(const std::string& module, std::uint64_t offset,
               std::size_t size = limits::part) {
  return {sha256(module), module.size(), offset, module.substr(offset, size)};
}

} // namespace

TEST_CASE("module store: a module in one part is complete") {
  module_store x{1000};

  CHECK(x.add(part("module", 0)) == std::uint64_t{6});
  CHECK(x.has(sha256("module")));
}

TEST_CASE("module store: a module is assembled part by part") {
  module_store x{1000};

  CHECK(x.add(part("module", 0, 4)) == std::uint64_t{4});
  CHECK(!x.has(sha256("module")));
  CHECK(x.progress(sha256("module")) == 4);
  CHECK(x.add(part("module", 4)) == std::uint64_t{6});
  CHECK(x.has(sha256("module")));
}

TEST_CASE("module store: a part out of order is answered with the offset that "
          "is wanted") {
  module_store x{1000};
  REQUIRE(x.add(part("module", 0, 4)));

  CHECK(x.add(part("module", 0, 4)) == std::uint64_t{4});
  CHECK(x.add(part("module", 5)) == std::uint64_t{4});
  CHECK(x.progress(sha256("module")) == 4);
}

TEST_CASE(
  "module store: a module that does not begin at offset zero is not kept") {
  module_store x{1000};

  CHECK(x.add(part("module", 3)) == std::uint64_t{0});
  CHECK(x.progress(sha256("module")) == 0);
}

TEST_CASE("module store: parts of a complete module are ignored") {
  module_store x{1000};
  REQUIRE(x.add(part("module", 0)));

  CHECK(x.add(part("module", 0)) == std::uint64_t{6});
}

TEST_CASE("module store: a module that does not hash to its id is dropped") {
  module_store x{1000};

  auto refused = x.add({sha256("module"), 6, 0, "MODULE"});

  REQUIRE(!refused);
  CHECK(refused.error() == ec::bad_input);
  CHECK(x.progress(sha256("module")) == 0);
  CHECK(x.add(part("module", 0)) == std::uint64_t{6});
}

TEST_CASE("module store: a part out of bounds is refused") {
  module_store x{100u << 20};

  CHECK(!x.add({"short", 6, 0, "module"}));
  CHECK(!x.add({sha256("module"), 0, 0, ""}));
  CHECK(!x.add({sha256("module"), limits::module + 1, 0, "module"}));
  CHECK(!x.add(
    {sha256("module"), limits::module, 0, std::string(limits::part + 1, 'x')}));
  CHECK(!x.add({sha256("module"), 3, 0, "module"}));
  CHECK(!x.add({sha256("module"), 6, 0, ""}));
}

TEST_CASE("module store: a part that changes the module's size is ignored") {
  module_store x{1000};
  REQUIRE(x.add(part("module", 0, 4)));

  CHECK(x.add({sha256("module"), 7, 4, "abc"}) == std::uint64_t{4});
}

TEST_CASE("module store: a module beyond the capacity is refused") {
  module_store x{1000};
  REQUIRE(x.add(part(std::string(600, 'a'), 0)));

  auto refused = x.add(part(std::string(600, 'b'), 0));

  REQUIRE(!refused);
  CHECK(refused.error() == ec::exhausted);
}

TEST_CASE("module store: each module costs more than its bytes, so many small "
          "ones are bounded") {
  module_store x{10'000};
  auto taken = 0;

  for (int i = 0; i < 1000; ++i)
    taken += static_cast<bool>(x.add(part(std::to_string(i), 0)));

  CHECK(taken < 50);
}

TEST_CASE(
  "module store: keep() frees the memory of modules that are not needed") {
  module_store x{1000};
  REQUIRE(x.add(part(std::string(600, 'a'), 0)));

  x.keep([](const code_id&) { return false; });

  CHECK(!x.has(sha256(std::string(600, 'a'))));
  CHECK(x.add(part(std::string(700, 'b'), 0)));
}

TEST_CASE("module store: keep() retains modules that are needed") {
  module_store x{1000};
  REQUIRE(x.add(part("module", 0)));

  x.keep([](const code_id& id) { return id == sha256("module"); });

  CHECK(x.has(sha256("module")));
}

TEST_CASE("module store: reads a part of a complete module") {
  module_store x{1000};
  REQUIRE(x.add(part("module", 0)));

  auto read = x.part(sha256("module"), 2);

  REQUIRE(read);
  CHECK(read->bytes == "dule");
  CHECK(read->size == 6);
  CHECK(read->offset == 2);
}

TEST_CASE("module store: an offset beyond the end is refused") {
  module_store x{1000};
  REQUIRE(x.add(part("module", 0)));

  auto read = x.part(sha256("module"), 6);

  REQUIRE(!read);
  CHECK(read.error() == ec::bad_input);
}

TEST_CASE("module store: an incomplete module cannot be read") {
  module_store x{1000};
  REQUIRE(x.add(part("module", 0, 4)));

  auto read = x.part(sha256("module"), 0);

  REQUIRE(!read);
  CHECK(read.error() == ec::unknown_code);
}
