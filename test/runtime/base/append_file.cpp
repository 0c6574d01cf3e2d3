// SPDX-License-Identifier: MIT
#include "runtime/base/append_file.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

using namespace edgeless;

namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

TEST_CASE("append file: is created and grows") {
  folder files;
  auto x = append_file::open((files / "log").string());
  REQUIRE(x);

  CHECK(!x->append("a\n"));
  CHECK(!x->append("b\n"));

  CHECK(content(files / "log") == "a\nb\n");
}

TEST_CASE("append file: an existing file is not truncated") {
  folder files;
  files.write("log", "old\n");
  auto x = append_file::open((files / "log").string());
  REQUIRE(x);

  CHECK(!x->append("new\n"));

  CHECK(content(files / "log") == "old\nnew\n");
}

TEST_CASE("append file: two writers of one file do not overwrite each other") {
  folder files;
  auto x = append_file::open((files / "log").string());
  auto y = append_file::open((files / "log").string());
  REQUIRE(x);
  REQUIRE(y);

  CHECK(!x->append("a\n"));
  CHECK(!y->append("b\n"));
  CHECK(!x->append("c\n"));

  CHECK(content(files / "log") == "a\nb\nc\n");
}

TEST_CASE(
  "append file: a file that cannot be opened is named, with the reason") {
  auto x = append_file::open("/nowhere/log");

  REQUIRE(!x);
  CHECK(x.error() == ec::system_failure);
  CHECK(explain(x.error())
        == "cannot open /nowhere/log: No such file or directory");
}

TEST_CASE("append file: a full disk is an error with the reason") {
  auto x = append_file::open("/dev/full");
  REQUIRE(x);

  auto problem = x->append("a\n");

  CHECK(explain(problem)
        == "cannot write to /dev/full: No space left on device");
}

TEST_CASE("append file: can be moved") {
  folder files;
  auto x = append_file::open((files / "log").string());
  REQUIRE(x);

  auto y = std::move(*x);
  CHECK(!y.append("a\n"));

  CHECK(content(files / "log") == "a\n");
}

TEST_CASE("rfc3339: formats a time with microseconds in UTC") {
  using namespace std::chrono;
  system_clock::time_point when{
    duration_cast<system_clock::duration>(microseconds{1725559461175674})};

  CHECK(rfc3339(when) == "2024-09-05T18:04:21.175674+00:00");
  CHECK(rfc3339({}) == "1970-01-01T00:00:00.000000+00:00");
}
