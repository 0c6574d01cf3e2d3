// SPDX-License-Identifier: MIT
#include "runtime/log.hpp"

#include "messages/ids.hpp"
#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

template <class... Ts>
std::string line(const Ts&... parts) {
  std::string result;
  (append_part(result, parts), ...);
  return result;
}

} // namespace

TEST_CASE("a line is made of text, numbers, ids, durations and errors") {
  std::string name = "f1";
  CHECK(line("placed ", name, " on ", node_id{1, 2})
        == "placed f1 on 00000000-0000-0001-0000-000000000002");
  CHECK(line(3u, ' ', -4, ' ', 0.25, ' ', true) == "3 -4 0.25 true");
  CHECK(line(1500us, "; ", 2s) == "1.5 ms; 2000 ms");
  CHECK(line(fail(ec::duplicate, "twice")) == "twice");
}

TEST_CASE("a guest cannot forge a line") {
  CHECK(printable("a\nERROR b\x1b[31m") == "a\\nERROR b\\x1b[31m");
}

TEST_CASE("text of any language stays as it is") {
  CHECK(printable("ε-ORC") == "ε-ORC");
}

TEST_CASE("a line has an end") {
  std::string endless(2 * limits::text, 'x');
  CHECK(printable(endless).size() == limits::text + 3);
  CHECK(printable(endless).ends_with("x..."));
}

TEST_CASE("what is quieter than the filter is not written") {
  CHECK(enabled(log_level::info, "node"));
  CHECK(!enabled(log_level::debug, "node"));
}
