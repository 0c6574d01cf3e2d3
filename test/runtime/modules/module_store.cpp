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

TEST_CASE("a module in one part is whole") {
  module_store x{1000};

  CHECK(x.add(part("module", 0)) == std::uint64_t{6});
  CHECK(x.has(sha256("module")));
}

TEST_CASE("a module comes part by part") {
  module_store x{1000};

  CHECK(x.add(part("module", 0, 4)) == std::uint64_t{4});
  CHECK(!x.has(sha256("module")));
  CHECK(x.progress(sha256("module")) == 4);
  CHECK(x.add(part("module", 4)) == std::uint64_t{6});
  CHECK(x.has(sha256("module")));
}

TEST_CASE("a part that is not wanted is answered with the one that is") {
  module_store x{1000};
  REQUIRE(x.add(part("module", 0, 4)));

  CHECK(x.add(part("module", 0, 4)) == std::uint64_t{4});
  CHECK(x.add(part("module", 5)) == std::uint64_t{4});
  CHECK(x.progress(sha256("module")) == 4);
}

TEST_CASE("what begins in the middle is not kept") {
  module_store x{1000};

  CHECK(x.add(part("module", 3)) == std::uint64_t{0});
  CHECK(x.progress(sha256("module")) == 0);
}

TEST_CASE("a whole module is not written again") {
  module_store x{1000};
  REQUIRE(x.add(part("module", 0)));

  CHECK(x.add(part("module", 0)) == std::uint64_t{6});
}

TEST_CASE("what does not hash to its name is forgotten") {
  module_store x{1000};

  auto refused = x.add({sha256("module"), 6, 0, "MODULE"});

  REQUIRE(!refused);
  CHECK(refused.error() == ec::bad_input);
  CHECK(x.progress(sha256("module")) == 0);
  CHECK(x.add(part("module", 0)) == std::uint64_t{6});
}

TEST_CASE("a part out of bounds is refused") {
  module_store x{100u << 20};

  CHECK(!x.add({"short", 6, 0, "module"}));
  CHECK(!x.add({sha256("module"), 0, 0, ""}));
  CHECK(!x.add({sha256("module"), limits::module + 1, 0, "module"}));
  CHECK(!x.add(
    {sha256("module"), limits::module, 0, std::string(limits::part + 1, 'x')}));
  CHECK(!x.add({sha256("module"), 3, 0, "module"}));
  CHECK(!x.add({sha256("module"), 6, 0, ""}));
}

TEST_CASE("a size that changes is not believed") {
  module_store x{1000};
  REQUIRE(x.add(part("module", 0, 4)));

  CHECK(x.add({sha256("module"), 7, 4, "abc"}) == std::uint64_t{4});
}

TEST_CASE("more than there is room for is refused") {
  module_store x{1000};
  REQUIRE(x.add(part(std::string(600, 'a'), 0)));

  auto refused = x.add(part(std::string(600, 'b'), 0));

  REQUIRE(!refused);
  CHECK(refused.error() == ec::exhausted);
}

TEST_CASE("many small modules need room, too") {
  module_store x{10'000};
  auto taken = 0;

  for (int i = 0; i < 1000; ++i)
    taken += static_cast<bool>(x.add(part(std::to_string(i), 0)));

  CHECK(taken < 50);
}

TEST_CASE("what nobody needs makes room") {
  module_store x{1000};
  REQUIRE(x.add(part(std::string(600, 'a'), 0)));

  x.keep([](const code_id&) { return false; });

  CHECK(!x.has(sha256(std::string(600, 'a'))));
  CHECK(x.add(part(std::string(700, 'b'), 0)));
}

TEST_CASE("what somebody needs stays") {
  module_store x{1000};
  REQUIRE(x.add(part("module", 0)));

  x.keep([](const code_id& id) { return id == sha256("module"); });

  CHECK(x.has(sha256("module")));
}

TEST_CASE("a part of a whole module can be read") {
  module_store x{1000};
  REQUIRE(x.add(part("module", 0)));

  auto read = x.part(sha256("module"), 2);

  REQUIRE(read);
  CHECK(read->bytes == "dule");
  CHECK(read->size == 6);
  CHECK(read->offset == 2);
}

TEST_CASE("a part beyond its end cannot be read") {
  module_store x{1000};
  REQUIRE(x.add(part("module", 0)));

  auto read = x.part(sha256("module"), 6);

  REQUIRE(!read);
  CHECK(read.error() == ec::bad_input);
}

TEST_CASE("a module that is not whole cannot be read") {
  module_store x{1000};
  REQUIRE(x.add(part("module", 0, 4)));

  auto read = x.part(sha256("module"), 0);

  REQUIRE(!read);
  CHECK(read.error() == ec::unknown_code);
}
