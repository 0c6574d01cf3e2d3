// SPDX-License-Identifier: MIT
#include "runtime/base/log.hpp"

#include "test/fixtures/resource_limits.hpp"
#include "test/fixtures/temporary_folder.hpp"

#include "messages/ids.hpp"
#include "messages/limits.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

template <class... Ts>
std::string line(const Ts&... parts) {
  std::string result;
  (append_part(result, parts), ...);
  return result;
}

enum class reader { at_once, after_all_is_logged };

struct captured_log {
  std::vector<std::string> lines; ///< without their times
  int code = -1;                  ///< wait status; 0: the process has exited
};

/// Forks a process whose stderr is a pipe of one page with these flags, and
/// which logs `format` lines; returns the lines that arrived.
captured_log capture_log(std::size_t lines, reader when, int flags = 0) {
  int log[2], logged[2];
  REQUIRE(::pipe(log) == 0);
  REQUIRE(::pipe(logged) == 0);
  REQUIRE(::fcntl(log[1], F_SETPIPE_SZ, 4096) == 4096);
  REQUIRE(::fcntl(log[1], F_SETFL, O_WRONLY | flags) == 0);
  auto child = ::fork();
  if (child == 0) {
    ::alarm(30); // ends the process if it blocks for ever
    ::dup2(log[1], STDERR_FILENO);
    open_log("program", {});
    for (std::size_t i = 0; i < lines; ++i)
      log_info("test", i);
    ::close(logged[1]);
    for (auto i = 0; i < 50; ++i)
      finish_log();
    ::_exit(0);
  }
  ::close(log[1]);
  ::close(logged[1]);
  char byte;
  if (when == reader::after_all_is_logged)
    CHECK(::read(logged[0], &byte, 1) == 0);
  std::string text;
  while (::read(log[0], &byte, 1) == 1)
    text += byte;
  captured_log result;
  ::waitpid(child, &result.code, 0);
  ::close(log[0]);
  ::close(logged[0]);
  std::istringstream all{text};
  for (std::string line; std::getline(all, line);)
    result.lines.push_back(line.substr(line.find(' ') + 1));
  return result;
}

} // namespace

TEST_CASE("log: writers never wait for the reader, and lost lines are counted "
          "and reported") {
  auto count = 2 * limits::program_log_lines;
  auto x = capture_log(count, reader::after_all_is_logged);
  CHECK(x.code == 0);
  REQUIRE(!x.lines.empty());
  CHECK(x.lines.back() == "INFO  program test: " + std::to_string(count - 1));
  std::size_t missing = 0, notes = 0;
  for (auto& line : x.lines)
    if (line.starts_with("WARN  program log: ")) {
      CHECK(line.ends_with(" lines are missing here: stderr was not read"));
      missing += std::stoul(line.substr(19));
      ++notes;
    }
  CHECK(missing > 0);
  CHECK(x.lines.size() - notes + missing == count);
}

TEST_CASE("log: all lines are written in order while the reader keeps up") {
  for (auto flags : {0, O_NONBLOCK}) {
    auto x = capture_log(1000, reader::at_once, flags);
    CHECK(x.code == 0);
    REQUIRE(x.lines.size() == 1000);
    for (std::size_t i = 0; i < 1000; ++i)
      CHECK(x.lines[i] == "INFO  program test: " + std::to_string(i));
  }
}

TEST_CASE(
  "log: lines that a full disk refuses are counted and reported, and no "
  "line is torn") {
  folder files;
  auto path = (files / "log").string();
  auto child = ::fork();
  if (child == 0) {
    ::alarm(30);
    auto file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(file, STDERR_FILENO);
    open_log("program", {});
    log_info("test", "first");
    finish_log();
    {
      file_size_limit full{70};
      log_info("test", "second");
      log_info("test", "third");
      finish_log();
    }
    log_info("test", "fourth");
    finish_log();
    ::_exit(static_cast<int>(log_lines_lost()));
  }
  int code = -1;
  ::waitpid(child, &code, 0);

  CHECK(WEXITSTATUS(code) == 2);
  std::ifstream in{path};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].ends_with("test: first"));
  CHECK(lines[1].size() < 70); // the part of the second one that fitted
  CHECK(lines[2].ends_with("2 lines are missing here: stderr could not be "
                           "written"));
  CHECK(lines[3].ends_with("test: fourth"));
}

TEST_CASE("log: a line consists of text, numbers, ids, durations and errors") {
  std::string name = "f1";
  CHECK(line("placed ", name, " on ", node_id{1, 2})
        == "placed f1 on 00000000-0000-0001-0000-000000000002");
  CHECK(line(3u, ' ', -4, ' ', 0.25, ' ', true) == "3 -4 0.25 true");
  CHECK(line(1500us, "; ", 2s) == "1.5 ms; 2000 ms");
  CHECK(line(fail(ec::duplicate, "twice")) == "twice");
}

TEST_CASE(
  "log: control characters are escaped, so that a guest cannot forge a line") {
  CHECK(printable("a\nERROR b\x1b[31m") == "a\\nERROR b\\x1b[31m");
}

TEST_CASE("log: text in any language stays as it is") {
  CHECK(printable("ε-ORC") == "ε-ORC");
}

TEST_CASE("log: a long line is cut off") {
  std::string endless(2 * limits::text, 'x');
  CHECK(printable(endless).size() == limits::text + 3);
  CHECK(printable(endless).ends_with("x..."));
}

TEST_CASE("log: the credentials in URLs are not written") {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  auto saved = ::dup(STDERR_FILENO);
  ::dup2(::fileno(file), STDERR_FILENO);
  write_log(log_level::warn, "test",
            "no answer url=redis://me:word@host/1?pass=word reason=silent");
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  std::rewind(file);
  std::string text(1000, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);

  CHECK(text.ends_with("test: no answer url=redis://***@host/1?pass=*** "
                       "reason=silent\n"));
}

TEST_CASE("log: lines below the filter's level are not written") {
  CHECK(enabled(log_level::info, "node"));
  CHECK(!enabled(log_level::debug, "node"));
}
