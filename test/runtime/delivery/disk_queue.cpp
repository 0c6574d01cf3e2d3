// SPDX-License-Identifier: MIT
#include "runtime/delivery/disk_queue.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

using namespace edgeless;

namespace {

struct disk_queue_fixture {
  folder files;
  std::filesystem::path file = files / "q";

  std::unique_ptr<disk_queue> open(std::uint64_t capacity = 1'000'000,
                                   const std::string& label = "") {
    auto made = disk_queue::open(file, capacity, label);
    REQUIRE_MESSAGE(made, explain(made.error()));
    return std::move(*made);
  }

  static std::string content(disk_queue& x, std::int64_t after = 0) {
    std::string result;
    for (auto& item : x.read(after, 1000))
      result += item.bytes + " ";
    return result;
  }
};

} // namespace

TEST_CASE_FIXTURE(disk_queue_fixture,
                  "disk queue: keeps order, bytes and label for the next run") {
  {
    auto queue = open(1'000'000, "where to");
    REQUIRE(queue->push({"a", "b"}));
    REQUIRE(queue->push({std::string("\0c", 2)}));
    queue->remove({1});
  }
  auto queue = open(1'000'000, "another");

  CHECK(queue->label() == "where to");
  CHECK(queue->size() == 2);
  CHECK(queue->last() == 3);
  CHECK(content(*queue) == std::string("b \0c ", 5));
  CHECK(content(*queue, 2) == std::string("\0c ", 3));
  struct stat details {};
  REQUIRE(::stat(file.c_str(), &details) == 0);
  CHECK((details.st_mode & 0777) == 0600);
}

TEST_CASE_FIXTURE(disk_queue_fixture,
                  "disk queue: beyond its capacity the oldest items leave") {
  auto queue = open(3 * 26);

  std::uint64_t dropped = 0;
  for (auto i = 0; i < 5; ++i)
    dropped += *queue->push({std::string(10, static_cast<char>('a' + i))});

  CHECK(dropped == 2);
  CHECK(queue->size() == 3);
  CHECK(queue->bytes() == 3 * 26);
  CHECK(content(*queue) == "cccccccccc dddddddddd eeeeeeeeee ");
  queue->remove({1, 3, 3});
  CHECK(queue->size() == 2);
  CHECK(*queue->push({std::string(1000, 'x')}) == 3);
  CHECK(queue->size() == 0);
  CHECK(queue->bytes() == 0);
}

TEST_CASE_FIXTURE(disk_queue_fixture,
                  "disk queue: numbers are not used twice after it was empty") {
  {
    auto queue = open();
    REQUIRE(queue->push({"a"}));
    queue->remove({1});
  }
  auto queue = open();
  CHECK(queue->last() == 1);
  REQUIRE(queue->push({"b"}));
  CHECK(queue->read(1, 10).size() == 1);
}

TEST_CASE_FIXTURE(disk_queue_fixture,
                  "disk queue: a file that is none is refused with its name") {
  std::ofstream{file} << std::string(4096, 'x');

  auto made = disk_queue::open(file, 1000);

  REQUIRE(!made);
  CHECK(explain(made.error()).find(file.string()) != std::string::npos);
  CHECK(!disk_queue::open(files / "none/q", 1000));
}

TEST_CASE_FIXTURE(disk_queue_fixture, "disk queue: erase leaves no file") {
  auto queue = open();
  REQUIRE(queue->push({"a"}));

  queue->erase();

  CHECK(std::filesystem::is_empty(files / ""));
}
