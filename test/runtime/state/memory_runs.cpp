// SPDX-License-Identifier: MIT
#include "runtime/state/memory_runs.hpp"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>

using namespace edgeless;
using namespace std::string_literals;

namespace {

constexpr std::size_t wasm_page = 65536;

/// Fresh pages of this process.
struct mapping {
  explicit mapping(std::size_t size, int file = -1)
    : size{size}, start{static_cast<char*>(
                    mmap(nullptr, size, PROT_READ | PROT_WRITE,
                         file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE,
                         file, 0))} {
    REQUIRE(start != MAP_FAILED);
  }
  ~mapping() {
    munmap(start, size);
  }
  mapping(const mapping&) = delete;
  mapping& operator=(const mapping&) = delete;

  std::span<char> bytes() const {
    return {start, size};
  }

  std::size_t size;
  char* start;
};

std::string runs_of(std::span<const char> now, std::span<const char> initial) {
  std::string result;
  page_map pages;
  CHECK(find_runs(now, initial, pages, [&](std::string_view x) {
    result += x;
    return true;
  }));
  return result;
}

std::string head_of_run(std::uint32_t address, std::uint32_t size) {
  std::string result;
  for (auto x : {address, size})
    for (int shift = 0; shift < 32; shift += 8)
      result += static_cast<char>(x >> shift);
  return result;
}

} // namespace

TEST_CASE("memory runs: what was not written costs nothing") {
  mapping now{16 * wasm_page};
  CHECK(runs_of(now.bytes(), {}).empty());
  // Written, but not different.
  now.start[5000] = 0;
  CHECK(runs_of(now.bytes(), {}).empty());
}

TEST_CASE("memory runs: neighbouring grains are one run") {
  mapping now{wasm_page}, initial{wasm_page};
  now.start[100] = 1;
  now.start[130] = 2;
  now.start[9000] = 3;
  auto runs = runs_of(now.bytes(), initial.bytes());
  std::string first(64, '\0'), second(32, '\0');
  first[4] = 1;
  first[34] = 2;
  second[8] = 3;
  CHECK(runs == head_of_run(96, 64) + first + head_of_run(8992, 32) + second);
}

TEST_CASE("memory runs: applied to the initial memory, they give the memory") {
  mapping initial{4 * wasm_page}, now{8 * wasm_page};
  std::srand(1);
  for (int i = 0; i < 3000; ++i)
    initial.start[std::rand() % static_cast<int>(initial.size)]
      = static_cast<char>(std::rand());
  std::memcpy(now.start, initial.start, initial.size);
  for (int i = 0; i < 500; ++i)
    now.start[std::rand() % static_cast<int>(now.size)]
      = static_cast<char>(std::rand());
  // Longer than a run may be; some of it becomes zero again.
  std::memset(now.start + wasm_page, 7, wasm_page);
  std::memset(now.start + 2 * wasm_page, 0, 5000);

  auto runs = runs_of(now.bytes(), initial.bytes());
  REQUIRE(are_valid_runs(runs, now.size));
  mapping copy{now.size};
  std::memcpy(copy.start, initial.start, initial.size);
  apply_runs(runs, copy.bytes());
  CHECK(std::memcmp(copy.start, now.start, now.size) == 0);
}

TEST_CASE("memory runs: of a private file, only written pages are compared") {
  auto file = memfd_create("image", MFD_CLOEXEC);
  REQUIRE(ftruncate(file, wasm_page) == 0);
  std::string image(wasm_page, 'i');
  REQUIRE(pwrite(file, image.data(), image.size(), 0)
          == static_cast<ssize_t>(image.size()));
  mapping now{wasm_page, file};
  close(file);
  bool written[16];
  page_map pages;
  // Read only.
  CHECK(now.start[0] == 'i');
  now.start[4096] = 'x';
  pages.written(now.start, written);
  CHECK(!written[0]);
  CHECK(written[1]);
  CHECK(!written[2]);
  std::string expected(32, 'i');
  expected[0] = 'x';
  CHECK(runs_of(now.bytes(), image) == head_of_run(4096, 32) + expected);
}

TEST_CASE("memory runs: a sink that has enough stops the search") {
  mapping now{64 * wasm_page};
  std::memset(now.start, 1, now.size);
  std::size_t chunks = 0;
  CHECK(!find_runs(now.bytes(), {}, page_map{},
                   [&](std::string_view) { return ++chunks < 3; }));
  CHECK(chunks == 3);
}

TEST_CASE("memory runs: runs from outside are checked") {
  auto one = head_of_run(64, 2) + "ab";
  CHECK(are_valid_runs("", 0));
  CHECK(are_valid_runs(one, 66));
  CHECK(are_valid_runs(one + head_of_run(66, 1) + "c", 67));
  CHECK(!are_valid_runs(one, 65));                              // beyond
  CHECK(!are_valid_runs(one + one, 1000));                      // overlap
  CHECK(!are_valid_runs(one + head_of_run(60, 1) + "c", 1000)); // descends
  CHECK(!are_valid_runs(head_of_run(64, 0), 1000));             // empty
  CHECK(!are_valid_runs(one.substr(0, one.size() - 1), 1000));  // cut
  CHECK(!are_valid_runs(one.substr(0, 5), 1000));
  CHECK(!are_valid_runs(head_of_run(~0u, ~0u) + "x", 1000));
  auto longest = std::string(run_max, 'x');
  CHECK(are_valid_runs(head_of_run(0, run_max) + longest, 1 << 20));
  CHECK(!are_valid_runs(head_of_run(0, run_max + 1) + longest + "x", 1 << 20));
}

TEST_CASE("memory runs: are cut between two runs") {
  auto one = head_of_run(0, 2) + "ab", two = head_of_run(2, 3) + "cde";
  CHECK(size_of_first_runs(one + two, 5) == one.size());
  CHECK(size_of_first_runs(one + two, one.size() + two.size() - 1)
        == one.size());
  CHECK(size_of_first_runs(one + two, 100) == one.size() + two.size());
  CHECK(size_of_first_runs("", 100) == 0);
}
