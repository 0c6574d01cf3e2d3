// SPDX-License-Identifier: MIT
#include "test/costs/cost_fixture.hpp"
#include "test/fixtures/wasm_fixture.hpp"

#include <cstdlib>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// `many` events fit into an inbox.
constexpr std::uint32_t many = 4 * limits::batch_events;

/// Handles ROUNDS (from the environment) times `many` events, once routes are
/// active and buffers have grown. test_instructions.py takes the difference of
/// two runs. If CACHE is set, guests are WebAssembly, compiled into that
/// folder.
class counted_run : public cost_fixture {
public:
  counted_run() {
    if (auto* cache = std::getenv("CACHE"))
      code = load(engine_in(cache), read_module("errands"));
  }

  void run_rounds(const endpoint& first) {
    auto* rounds = std::getenv("ROUNDS");
    auto count = rounds ? std::atoi(rounds) : 1;
    cost_of_cast(first, many);
    for (int i = 0; i < count; ++i)
      CHECK(cost_of_cast(first, many).dropped == 0);
  }

private:
  static guest_engine& engine_in(const char* cache) {
    engine_settings settings;
    settings.cache = cache;
    // In a child under valgrind, /proc/self/exe is valgrind itself: resolve it
    // here.
    settings.compiler = std::filesystem::read_symlink("/proc/self/exe");
    // Guests are slow under valgrind, and must not be preempted for that.
    settings.time_slice = std::chrono::hours{1};
    static auto engine = make_wasm_engine(settings);
    return *engine;
  }
};

} // namespace

// test_instructions.py runs each of these by its name.

TEST_CASE_FIXTURE(counted_run,
                  "count: cast of a burst in a node" * doctest::skip()) {
  auto sink = add(here, guest_task::idle);
  run_rounds(add(here, guest_task::burst, sink));
}

TEST_CASE_FIXTURE(counted_run,
                  "count: cast alone in a node" * doctest::skip()) {
  auto a = add(here, guest_task::countdown);
  auto b = add(here, guest_task::countdown, a);
  connect(a, b);
  run_rounds(a);
}

TEST_CASE_FIXTURE(counted_run, "count: call in a node" * doctest::skip()) {
  auto server = add(here, guest_task::idle);
  run_rounds(add(here, guest_task::calls, server));
}

TEST_CASE_FIXTURE(counted_run,
                  "count: cast of a burst across nodes" * doctest::skip()) {
  auto sink = add(there, guest_task::idle);
  run_rounds(add(here, guest_task::burst, sink));
}

TEST_CASE_FIXTURE(counted_run, "count: call across nodes" * doctest::skip()) {
  auto server = add(there, guest_task::idle);
  run_rounds(add(here, guest_task::calls, server));
}
