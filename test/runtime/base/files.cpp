// SPDX-License-Identifier: MIT
#include "runtime/base/files.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <thread>

using namespace edgeless;
using namespace std::chrono_literals;

TEST_CASE("read_file: reads regular files and those of /proc") {
  folder files;
  files.write("x", std::string("a\0b\n", 4));

  CHECK(*read_file(files / "x", 4) == std::string("a\0b\n", 4));
  CHECK(!read_file("/proc/self/status", 1u << 20)->empty());
}

TEST_CASE(
  "read_file: names a file that is too large or missing, with the reason") {
  folder files;
  files.write("x", "abcd");
  auto refusal = [&](const std::string& name) {
    auto text = read_file(files / name, 3);
    REQUIRE(!text);
    return explain(text.error());
  };

  CHECK(refusal("x") == (files / "x").string() + ": has more than 3 bytes");
  CHECK(refusal("y") == (files / "y").string() + ": No such file or directory");
  CHECK(refusal(".").ends_with(": Is a directory"));
}

TEST_CASE("read_file: reads a pipe to its end, whichever side opens it first") {
  folder files;
  auto name = files / "pipe";
  REQUIRE(mkfifo(name.c_str(), 0600) == 0);
  std::thread writer{[&] {
    std::this_thread::sleep_for(50ms);
    std::ofstream out{name};
    out << "a" << std::flush;
    std::this_thread::sleep_for(50ms);
    out << "b";
  }};

  auto text = read_file(name, 10);
  writer.join();

  REQUIRE(text);
  CHECK(*text == "ab");
}

TEST_CASE("read_file: a pipe without a writer runs into the timeout") {
  folder files;
  auto name = files / "pipe";
  REQUIRE(mkfifo(name.c_str(), 0600) == 0);

  auto text = read_file(name, 10, 50ms);

  REQUIRE(!text);
  CHECK(explain(text.error()) == name.string() + ": does not end within 50 ms");
}

TEST_CASE("read_file: a pipe that stays open runs into the timeout, too") {
  folder files;
  auto name = files / "pipe";
  REQUIRE(mkfifo(name.c_str(), 0600) == 0);
  std::fstream both{name};
  both << "a" << std::flush;

  CHECK(!read_file(name, 10, 50ms));
}
