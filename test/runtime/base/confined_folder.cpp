// SPDX-License-Identifier: MIT
#include "runtime/base/confined_folder.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

using namespace edgeless;

namespace {

namespace fs = std::filesystem;

struct confined_fixture {
  confined_fixture() {
    fs::create_directories(files / "in/sub");
    fs::create_directories(files / "out");
    inside = *confined_folder::open(files / "in");
  }

  /// "" if the file can be opened, else the reason.
  std::string open(const std::string& name) {
    auto file = inside->open_to_append(name);
    if (file)
      return "";
    auto text = explain(file.error());
    auto begins = "cannot open " + name + ": ";
    REQUIRE(text.starts_with(begins));
    return text.substr(begins.size());
  }

  std::string path(const std::string& name) {
    return (files / name).string();
  }

  folder files;
  confined_folder_ptr inside;
};

} // namespace

TEST_CASE_FIXTURE(confined_fixture, "confined folder: opens files below it") {
  CHECK(open("a") == "");
  CHECK(open("./sub/../b") == "");
  CHECK(open("sub/c") == "");
  CHECK(open(path("in/d")) == "");
  for (auto name : {"a", "b", "sub/c", "d"})
    CHECK(fs::exists(files / "in" / name));
}

TEST_CASE_FIXTURE(confined_fixture,
                  "confined folder: may be named through a link") {
  fs::create_directory_symlink(files / "in", files / "alias");
  inside = *confined_folder::open(files / "alias");

  CHECK(open(path("alias/a")) == "");
  CHECK(fs::exists(files / "in/a"));
}

TEST_CASE_FIXTURE(confined_fixture,
                  "confined folder: refuses what is outside of it") {
  for (auto& name : {std::string{"../out/x"}, path("out/x"), std::string{".."},
                     std::string{"sub/../../out/x"}, std::string{"/etc/passwd"},
                     std::string{""}, std::string{"."}, std::string{"sub/"},
                     std::string{"a\0b", 3}}) {
    CAPTURE(name);
    CHECK(open(name).starts_with("it is outside of "));
  }
  CHECK(!fs::exists(files / "out/x"));
}

TEST_CASE_FIXTURE(confined_fixture, "confined folder: follows no links") {
  files.write("out/x", "");
  fs::create_symlink(files / "out/x", files / "in/link");
  fs::create_directory_symlink(files / "out", files / "in/folder");

  CHECK(open("link") == "it is not a regular file");
  CHECK(open("folder/y") == "a link, or no folder, is in its path");
  CHECK(!fs::exists(files / "out/y"));
}

TEST_CASE_FIXTURE(confined_fixture,
                  "confined folder: refuses pipes and folders") {
  REQUIRE(::mkfifo(path("in/pipe").c_str(), 0600) == 0);

  CHECK(open("pipe") == "it is not a regular file");
  CHECK(open("sub") == "it is not a regular file");
}

TEST_CASE_FIXTURE(confined_fixture,
                  "confined folder: refuses the files of this program") {
  files.write("in/node.toml", "");
  protect_file(files / "in/node.toml");
  fs::create_directories(files / "in/cache");
  protect_file(files / "in/cache");
  protect_file(files / "in/later");
  REQUIRE(::link(path("in/node.toml").c_str(), path("in/other").c_str()) == 0);

  CHECK(open("node.toml") == "this program uses the file itself");
  CHECK(open("other") == "this program uses the file itself");
  CHECK(open("cache/x") == "this program uses the folder itself");
  CHECK(open("later") == "this program uses the file itself");
}

TEST_CASE_FIXTURE(confined_fixture, "confined folder: must exist") {
  auto x = confined_folder::open(files / "nowhere");

  REQUIRE(!x);
  CHECK(explain(x.error())
        == "cannot use the folder " + path("nowhere")
             + ": No such file or directory");
}
