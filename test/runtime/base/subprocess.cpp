// SPDX-License-Identifier: MIT
#include "runtime/base/subprocess.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>

#include <cstdlib>

using namespace edgeless;
using namespace std::chrono_literals;

TEST_CASE("subprocess: a program that succeeds is no error") {
  CHECK(!run({{"true"}, {}, {}}, limits::client));
}

TEST_CASE("subprocess: a program that fails is an error with its status") {
  auto error = run({{"false"}, {}, {}}, limits::client);
  CHECK(explain(error) == "false: failed with status 1");
}

TEST_CASE("subprocess: a missing program is an error") {
  auto error = run({{"edgeless-no-such-program"}, {}, {}}, limits::client);
  CHECK(explain(error) == "edgeless-no-such-program: is not installed");
}

TEST_CASE("subprocess: a program beyond its deadline is killed") {
  auto error = run({{"tail", "-f", "/dev/null"}, {}, {}}, 20ms);
  CHECK(explain(error) == "tail: is not done after 20 ms");
}

TEST_CASE("subprocess: a program that dies is an error with the signal") {
  auto error = run({{"sh", "-c", "kill -SEGV $$"}, {}, {}}, limits::client);
  CHECK(explain(error) == "sh: was killed: Segmentation fault");
}

TEST_CASE("subprocess: output_of() returns what a program prints") {
  auto output = output_of({{"printf", "a b"}, {}, {}}, limits::client);
  REQUIRE(output);
  CHECK(*output == "a b");
}

TEST_CASE("subprocess: no shell interprets the arguments") {
  auto output
    = output_of({{"printf", "%s", "$HOME; `x`"}, {}, {}}, limits::client);
  REQUIRE(output);
  CHECK(*output == "$HOME; `x`");
}

TEST_CASE("subprocess: a program runs in its working directory") {
  auto output = output_of({{"pwd"}, "/proc", {}}, limits::client);
  REQUIRE(output);
  CHECK(*output == "/proc\n");
}

TEST_CASE("subprocess: defaults extend the environment and replace nothing") {
  ::setenv("EDGELESS_TEST_MINE", "mine", 1);
  auto output = output_of({{"sh", "-c", "echo $EDGELESS_TEST_MINE $OTHER"},
                           {},
                           {"EDGELESS_TEST_MINE=theirs", "OTHER=default"}},
                          limits::client);
  REQUIRE(output);
  CHECK(*output == "mine default\n");
}

TEST_CASE(
  "subprocess: a child inherits no descriptor but those that are named") {
  file_descriptor inheritable{::open("/dev/null", O_RDONLY)};
  REQUIRE(inheritable);
  auto output = output_of({{"ls", "/proc/self/fd"}, {}, {}}, limits::client);
  REQUIRE(output);
  CHECK(*output == "0\n1\n2\n3\n"); // 3: the folder that ls reads
}

TEST_CASE("subprocess: spawn() gives a child its environment and descriptors") {
  auto memory = lifted(::memfd_create("output", MFD_CLOEXEC));
  REQUIRE(memory);
  auto result = spawn_and_wait({"sh",
                                {"name", "-c", "echo $0 $X >&3"},
                                {"X=value"},
                                {},
                                {{memory.get(), 3}}},
                               limits::client);
  CHECK(result.error == 0);
  REQUIRE(result.status);
  CHECK(*result.status == 0);
  CHECK(read_all(memory, limits::text) == "name value\n");
}
