// SPDX-License-Identifier: MIT
#include "test/costs/stage.hpp"
#include "test/fixtures/wasm_fixture.hpp"

#include <cstdlib>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// So many events fit into an inbox.
constexpr std::uint32_t many = 4 * limits::batch_events;

/// ROUNDS of the environment times `many` events, once ways are open and
/// buffers have grown. Whoever counts takes the difference of two runs.
/// With CACHE, guests are WebAssembly, compiled to there.
class counted : public stage {
public:
  counted() {
    if (auto* cache = std::getenv("CACHE"))
      code = load(engine_in(cache), read_module("errands"));
  }

  void play(const endpoint& first) {
    auto* rounds = std::getenv("ROUNDS");
    auto more = rounds ? std::atoi(rounds) : 1;
    spend(first, many);
    for (int i = 0; i < more; ++i)
      CHECK(spend(first, many).lost == 0);
  }

private:
  static guest_engine& engine_in(const char* cache) {
    engine_settings settings;
    settings.cache = cache;
    // The link itself is valgrind's when a child follows it.
    settings.compiler = std::filesystem::read_symlink("/proc/self/exe");
    // How long valgrind takes is no reason to preempt.
    settings.time_slice = std::chrono::hours{1};
    static auto engine = make_wasm_engine(settings);
    return *engine;
  }
};

} // namespace

// test_instructions.py runs these, each by its name.

TEST_CASE_FIXTURE(counted,
                  "count: cast of a burst in a node" * doctest::skip()) {
  auto sink = add(here, errand::nothing);
  play(add(here, errand::burst, sink));
}

TEST_CASE_FIXTURE(counted, "count: cast alone in a node" * doctest::skip()) {
  auto a = add(here, errand::volley);
  auto b = add(here, errand::volley, a);
  lead(a, b);
  play(a);
}

TEST_CASE_FIXTURE(counted, "count: call in a node" * doctest::skip()) {
  auto server = add(here, errand::nothing);
  play(add(here, errand::calls, server));
}

TEST_CASE_FIXTURE(counted,
                  "count: cast of a burst across nodes" * doctest::skip()) {
  auto sink = add(there, errand::nothing);
  play(add(here, errand::burst, sink));
}

TEST_CASE_FIXTURE(counted, "count: call across nodes" * doctest::skip()) {
  auto server = add(there, errand::nothing);
  play(add(here, errand::calls, server));
}
