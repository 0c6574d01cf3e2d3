// SPDX-License-Identifier: MIT
#include "actors/resources/outlet.hpp"

#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE(
  "outlet: only the newest state is kept, behind what was sent before") {
  int woken = 0;
  outlet out{[&] {
    ++woken;
  }};
  CHECK(out.save("1"));
  CHECK(out.cast("out", "a"));
  CHECK(out.save("2"));

  auto items = out.take();
  REQUIRE(items.size() == 2);
  CHECK(std::get<outlet::cast_request>(items[0]).payload == "a");
  CHECK(std::get<outlet::saved_state>(items[1]).state == "2");
  CHECK(woken == 1);
}

TEST_CASE("outlet: a state that is too large is refused, and so is one after "
          "the end") {
  outlet out{[] {
  }};
  CHECK(out.save(std::string(limits::state, 'x')));
  CHECK(!out.save(std::string(limits::state + 1, 'x')));
  CHECK(std::get<outlet::saved_state>(out.take().at(0)).state.size()
        == limits::state);
  out.close();
  CHECK(!out.save("1"));
  CHECK(out.take().empty());
}
