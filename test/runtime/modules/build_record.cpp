// SPDX-License-Identifier: MIT
#include "runtime/modules/build_record.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

struct recorded_build : folder {
  recorded_build() {
    write("a.hpp", "a");
    write("b.hpp", "b");
  }

  void keep(std::chrono::milliseconds ago = 0ms) const {
    REQUIRE(!record.keep("clang 1", {*this / "a.hpp", *this / "b.hpp"},
                         std::chrono::system_clock::now() - ago));
  }

  build_record record{*this / "record"};
};

} // namespace

TEST_CASE("build record: a dependency file names all files after the target") {
  CHECK(
    parse_dependencies("f\\ 1.wasm: /a/f.cpp \\\n  /a/my\\ b.hpp /a/c.inc\n")
    == file_list{"/a/f.cpp", "/a/my b.hpp", "/a/c.inc"});
  CHECK(parse_dependencies("/t/f.wasm: /a/$$x.rs /a/\\#y\n\n/t/g: /a/z\n")
        == file_list{"/a/$x.rs", "/a/#y", "/a/z"});
  CHECK(parse_dependencies("").empty());
}

TEST_CASE("build record: without a last build nothing is current") {
  recorded_build x;
  CHECK(!x.record.is_current("clang 1"));
  x.write("record", "no record\n\n 1 x\n");
  CHECK(!x.record.is_current("clang 1"));
}

TEST_CASE("build record: another recipe is not current") {
  recorded_build x;
  x.keep();

  CHECK(x.record.is_current("clang 1"));
  CHECK(!x.record.is_current("clang 2"));
}

TEST_CASE("build record: a file that is newer, older, of other size or gone is "
          "not current") {
  recorded_build x;
  auto then = std::filesystem::last_write_time(x / "b.hpp");
  for (auto by : {-24h, 24h}) {
    x.keep();
    REQUIRE(x.record.is_current("clang 1"));
    std::filesystem::last_write_time(x / "b.hpp", then + by);
    CHECK(!x.record.is_current("clang 1"));
    CHECK(x.record.has_older_file() == (by < 0h));
    std::filesystem::last_write_time(x / "b.hpp", then);
  }
  x.keep();
  x.write("b.hpp", "bb");
  CHECK(!x.record.is_current("clang 1"));
  x.keep();
  std::filesystem::remove(x / "b.hpp");
  CHECK(!x.record.is_current("clang 1"));
}

TEST_CASE("build record: a file that changed during the build is not kept") {
  recorded_build x;
  x.keep(1h);

  CHECK(!x.record.is_current("clang 1"));
}
