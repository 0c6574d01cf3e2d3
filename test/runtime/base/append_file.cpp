// SPDX-License-Identifier: MIT
#include "runtime/base/append_file.hpp"

#include "test/fixtures/resource_limits.hpp"
#include "test/fixtures/temporary_folder.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <vector>

using namespace edgeless;

namespace {

struct append_file_fixture {
  append_file open() {
    auto result = append_file::open(*confined_folder::open(files / ""), "log");
    REQUIRE(result);
    return std::move(*result);
  }

  std::string content(std::string_view name = "log") {
    std::ifstream in{files / name};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  /// Appends records; returns how many are written.
  static std::size_t append(append_file& to, std::vector<std::string> records) {
    auto done = to.append(records);
    CHECK((done.written == records.size()) == !done.problem);
    return done.written;
  }

  folder files;
};

} // namespace

TEST_CASE_FIXTURE(append_file_fixture, "append file: is created and grows") {
  auto x = open();

  CHECK(append(x, {"a\n"}) == 1);
  CHECK(append(x, {"b\n", "c\n"}) == 2);

  CHECK(content() == "a\nb\nc\n");
}

TEST_CASE_FIXTURE(append_file_fixture,
                  "append file: an existing file is not truncated") {
  files.write("log", "old\n");
  auto x = open();

  append(x, {"new\n"});

  CHECK(content() == "old\nnew\n");
}

TEST_CASE_FIXTURE(
  append_file_fixture,
  "append file: two writers of one file do not overwrite each other") {
  auto x = open();
  auto y = open();

  append(x, {"a\n"});
  append(y, {"b\n"});
  append(x, {"c\n"});

  CHECK(content() == "a\nb\nc\n");
}

TEST_CASE_FIXTURE(append_file_fixture,
                  "append file: a renamed file is created again") {
  auto x = open();
  append(x, {"a\n"});
  std::filesystem::rename(files / "log", files / "log.1");

  append(x, {"b\n"});

  CHECK(content("log.1") == "a\n");
  CHECK(content() == "b\n");
  std::filesystem::remove(files / "log");
  append(x, {"c\n"});
  CHECK(content() == "c\n");
}

TEST_CASE_FIXTURE(append_file_fixture,
                  "append file: of a record that does not fit nothing is "
                  "left") {
  auto x = open();
  {
    file_size_limit full{7};

    auto done = x.append(std::vector<std::string>{"aaa\n", "bbbbb\n"});

    CHECK(done.written == 1);
    CHECK(explain(done.problem) == "cannot write to log: File too large");
    CHECK(content() == "aaa\n");
    CHECK(append(x, {"ccccc\n"}) == 0);
    CHECK(content() == "aaa\n");
  }
  CHECK(append(x, {"d\n"}) == 1);
  CHECK(content() == "aaa\nd\n");
}

TEST_CASE_FIXTURE(append_file_fixture,
                  "append file: a line that another process has torn is ended "
                  "first") {
  files.write("log", "a\nhalf");
  auto x = open();

  append(x, {"b\n"});

  CHECK(content() == "a\nhalf\nb\n");
}

TEST_CASE_FIXTURE(append_file_fixture,
                  "append file: leaves the last descriptors to the process, "
                  "and goes on after a rotation") {
  auto x = open();
  append(x, {"a\n"});
  auto folder = *confined_folder::open(files / "");
  descriptor_limit few;

  auto next = append_file::open(folder, "other");

  REQUIRE(!next);
  CHECK(explain(next.error())
        == "cannot open other: too many files and connections are open: see "
           "ulimit -n");
  std::filesystem::rename(files / "log", files / "log.1");
  CHECK(append(x, {"b\n"}) == 1);
  CHECK(content() == "b\n");
  CHECK(append(x, {"c\n"}) == 1);
  CHECK(content() == "b\nc\n");
}

TEST_CASE_FIXTURE(append_file_fixture, "append file: can be moved") {
  auto x = open();

  auto y = std::move(x);
  append(y, {"a\n"});

  CHECK(content() == "a\n");
}

TEST_CASE("rfc3339: formats a time with microseconds in UTC") {
  using namespace std::chrono;
  system_clock::time_point when{
    duration_cast<system_clock::duration>(microseconds{1725559461175674})};

  CHECK(rfc3339(when) == "2024-09-05T18:04:21.175674+00:00");
  CHECK(rfc3339({}) == "1970-01-01T00:00:00.000000+00:00");
}
