// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

#include "runtime/state/function_snapshot.hpp"

#include "messages/limits.hpp"

#include <filesystem>

using namespace edgeless;
using namespace std::string_literals;
using edgeless::test::guest_instance;
using edgeless::test::guests_folder;
using edgeless::test::lines;
using edgeless::test::process_isolation;
using edgeless::test::shared_isolation;

namespace {

template <class Isolation>
caf::expected<guest_state>
capture(guest_instance<Isolation>& x, std::uint64_t max = limits::snapshot) {
  x.guest->capture(max);
  REQUIRE(x.run() == progress::captured);
  return x.guest->take_state();
}

/// As it travels.
guest_state sent(const guest_state& x) {
  function_snapshot snapshot;
  snapshot.code = sha256("");
  snapshot.guest = x;
  auto received = decode_snapshot(encode_snapshot(snapshot));
  REQUIRE_MESSAGE(received, explain(received.error()));
  return received->guest;
}

/// Another engine, as in another process.
guest_engine& other_engine() {
  static auto engine = make_wasm_engine({});
  return *engine;
}

struct other_process {
  static guest_engine& engine() {
    return other_engine();
  }
};

struct course {
  std::string init;
  lines casts;
};

/// The state without its clocks.
guest_state timeless(guest_state x) {
  x.monotonic = x.captured_at = 0;
  return x;
}

/// Runs a module without interruption, and with a capture at every boundary of
/// events and a continuation in another guest, in turn of From and To. The
/// outputs must be equal; and so the final states, unless the guest draws
/// random numbers.
template <class From, class To>
void compare(const std::string& name, const course& x,
             bool is_deterministic = true) {
  CAPTURE(name);
  guest_instance<From> whole{name};
  REQUIRE(whole.handle(hook::init, x.init) == progress::idle);
  for (auto& payload : x.casts)
    REQUIRE(whole.handle(hook::cast, payload) == progress::idle);
  auto end = capture(whole);
  REQUIRE_MESSAGE(end, explain(end.error()));

  lines journal;
  auto first = std::make_unique<guest_instance<From>>(name);
  REQUIRE(first->handle(hook::init, x.init) == progress::idle);
  journal = first->host.journal;
  auto state = capture(*first);
  REQUIRE_MESSAGE(state, explain(state.error()));
  first.reset();
  auto step = [&]<class Isolation>(Isolation, const std::string& payload) {
    guest_instance<Isolation> next{name};
    auto error = next.guest->restore(sent(*state));
    REQUIRE_MESSAGE(!error, explain(error));
    REQUIRE(next.run() == progress::idle);
    REQUIRE(next.handle(hook::cast, payload) == progress::idle);
    journal.insert(journal.end(), next.host.journal.begin(),
                   next.host.journal.end());
    state = capture(next);
    REQUIRE_MESSAGE(state, explain(state.error()));
  };
  for (std::size_t i = 0; i < x.casts.size(); ++i)
    if (i % 2 == 0)
      step(To{}, x.casts[i]);
    else
      step(From{}, x.casts[i]);
  CHECK(journal == whole.host.journal);
  if (is_deterministic)
    CHECK(timeless(*state) == timeless(*end));
}

const course texts{"begin", {"a", "channel b", "sync c", "", "later d", "e"}};

} // namespace

TEST_CASE("capture: a guest continues in another engine as if nothing had "
          "happened") {
  compare<shared_isolation, other_process>("echo", texts);
  compare<shared_isolation, other_process>("state_all", {"", lines(9, "x")});
}

TEST_CASE("capture: a guest continues in a process of its own, and back") {
  compare<shared_isolation, process_isolation>("echo", texts);
  compare<process_isolation, shared_isolation>("state_all",
                                               {"", lines(5, "x")});
}

TEST_CASE("capture: a guest in Go continues, with its goroutines") {
  if (std::filesystem::exists(guests_folder() / "go.wasm"))
    compare<shared_isolation, other_process>("go", {"", {"a", "b", "c", "d"}},
                                             false);
}

TEST_CASE_TEMPLATE("capture: the captured guest goes on itself", kind,
                   shared_isolation, process_isolation) {
  guest_instance<kind> x{"state_all"};
  x.handle(hook::init);
  x.handle(hook::cast, "x");
  auto before = capture(x);
  REQUIRE(before);
  x.handle(hook::cast, "x");
  CHECK(x.host.journal.size() >= 2);
  auto after = capture(x);
  REQUIRE(after);
  CHECK(after->memory == before->memory + 65536);
  CHECK(!(after->globals == before->globals));
}

TEST_CASE_TEMPLATE("capture: a small guest has a small state", kind,
                   shared_isolation, process_isolation) {
  guest_instance<kind> x;
  x.handle(hook::init);
  x.handle(hook::cast, "a");
  auto state = capture(x);
  REQUIRE(state);
  CHECK(state->runs.size() < 2000);
  CHECK(state->memory >= 65536);
}

TEST_CASE_TEMPLATE("capture: a state beyond the maximum is refused, and the "
                   "guest goes on",
                   kind, shared_isolation, process_isolation) {
  guest_instance<kind> x{"state_all"};
  x.handle(hook::init);
  x.handle(hook::cast, "x");
  auto state = capture(x, 10);
  REQUIRE(!state);
  CHECK(state.error() == ec::exhausted);
  CHECK(explain(state.error()) == "its state has more than 10 bytes");
  CHECK(x.handle(hook::cast, "x") == progress::idle);
}

TEST_CASE_TEMPLATE("capture: a module with other state runs, and cannot be "
                   "captured",
                   kind, shared_isolation, process_isolation) {
  guest_instance<kind> x{"state_table_set"};
  x.handle(hook::init);
  CHECK(x.handle(hook::cast) == progress::idle);
  CHECK(x.handle(hook::cast) == progress::idle);
  CHECK(x.host.journal == lines{"out: 1", "out: 2"});
  auto state = capture(x);
  REQUIRE(!state);
  CHECK(state.error() == ec::bad_module);
}

TEST_CASE("capture: without its globals, a guest would not continue") {
  guest_instance<shared_isolation> x{"state_all"}, y{"state_all"};
  x.handle(hook::init);
  x.handle(hook::cast, "x");
  auto state = capture(x);
  REQUIRE(state);
  guest_instance<shared_isolation> fresh{"state_all"};
  fresh.handle(hook::init);
  auto initial = capture(fresh);
  state->globals = initial->globals;
  REQUIRE(!y.guest->restore(*state));
  x.host.journal.clear();
  x.handle(hook::cast, "x");
  y.handle(hook::cast, "x");
  CHECK(x.host.journal != y.host.journal);
}

TEST_CASE_TEMPLATE("restore: a state that does not fit the module is refused",
                   kind, shared_isolation, process_isolation) {
  guest_instance<shared_isolation> x{"state_all"};
  x.handle(hook::init);
  auto good = capture(x);
  REQUIRE(good);
  auto check = [&](auto change, const std::string& module = "state_all") {
    guest_instance<kind> y{module};
    auto state = *good;
    change(state);
    auto error = y.guest->restore(state);
    // A sandboxed guest may find out in its first run.
    CHECK((error || y.run() == progress::dead));
  };
  check([](auto& x) { x.globals.pop_back(); });
  check([](auto& x) { x.globals.push_back(x.globals[0]); });
  check([](auto& x) { std::swap(x.globals[0], x.globals[5]); });
  check([](auto& x) { x.memory = 0; });
  check([](auto& x) { x.runs += "\xFF\xFF\xFF\xFF\1\0\0\0x"s; });
  check([](auto& x) { x.memory = limits::guest_memory; });
  check([](auto&) {}, "state_table_set");
}

TEST_CASE_TEMPLATE("restore: the memory limit of a function holds", kind,
                   shared_isolation, process_isolation) {
  guest_instance<shared_isolation> x{"state_all"};
  x.handle(hook::init);
  x.handle(hook::cast, "x");
  auto state = capture(x);
  REQUIRE(state);
  guest_limits limits;
  limits.memory = 65536;
  guest_instance<kind> y{"state_all", limits};
  auto error = y.guest->restore(*state);
  CHECK((error || y.run() == progress::dead));
}

TEST_CASE("restore: the monotonic clock goes on, and never back") {
  guest_instance<shared_isolation> x{"wasi"};
  x.handle(hook::init);
  auto state = capture(x);
  REQUIRE(state);
  auto later = *state;
  later.monotonic += 1'000'000'000'000; // of another machine
  guest_instance<shared_isolation> y{"wasi"};
  REQUIRE(!y.guest->restore(later));
  REQUIRE(y.run() == progress::idle);
  auto again = capture(y);
  REQUIRE(again);
  CHECK(again->monotonic >= later.monotonic);
  CHECK(again->monotonic < later.monotonic + 60'000'000'000);
  later.captured_at += 3'600'000'000'000; // a clock that is wrong
  guest_instance<shared_isolation> z{"wasi"};
  REQUIRE(!z.guest->restore(later));
  REQUIRE(z.run() == progress::idle);
  again = capture(z);
  REQUIRE(again);
  CHECK(again->monotonic >= later.monotonic);
}
