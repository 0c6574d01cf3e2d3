// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

using namespace edgeless;
using edgeless::test::guest_instance;
using edgeless::test::instance;
using edgeless::test::lines;
using edgeless::test::process_isolation;
using edgeless::test::shared_isolation;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Sends an event that makes this handler do `what`.
template <class Instance>
void send_to(Instance& x, hook kind, const std::string& what) {
  if (kind == hook::stop)
    x.handle(hook::cast, "stop " + what);
  x.send(kind, kind == hook::stop ? "" : what);
}

/// An engine whose guests have a total of 8 MiB, and its guests.
struct limited_engine {
  static std::unique_ptr<guest_engine> make_engine() {
    engine_settings settings;
    settings.memory = 8u << 20;
    return make_wasm_engine(settings);
  }

  std::unique_ptr<guest_engine> engine = make_engine();
  guest_class_ptr code = test::load(*engine, test::read_module("echo"));

  struct running_guest {
    test::scripted_host host;
    std::unique_ptr<edgeless::guest> guest;

    /// Allocates until memory ends; returns the number of pages, or the fault.
    std::string exhaust_memory() {
      host.inbox.push_back({hook::cast, host.id, "bomb", {}});
      return test::run(*guest) == progress::idle ? host.journal.back()
                                                 : guest->fault();
    }
  };

  std::unique_ptr<running_guest> start() {
    auto result = std::make_unique<running_guest>();
    auto made = code->instantiate(result->host, {});
    REQUIRE_MESSAGE(made, explain(made.error()));
    result->guest = std::move(*made);
    return result;
  }
};

} // namespace

TEST_CASE_TEMPLATE(
  "guest limits: a trap in any handler kills the guest and names the handler",
  isolation_kind, shared_isolation, process_isolation) {
  for (auto [kind, name] : {std::pair{hook::init, "handle_init_asm"},
                            std::pair{hook::cast, "handle_cast_asm"},
                            std::pair{hook::call, "handle_call_asm"},
                            std::pair{hook::stop, "handle_stop_asm"}}) {
    guest_instance<isolation_kind> x;
    send_to(x, kind, "trap");

    CHECK(x.run() == progress::dead);
    CHECK(x.guest->fault().starts_with("wasm trap: wasm `unreachable` "
                                       "instruction executed; in "));
    CHECK(contains(x.guest->fault(), name));
    CHECK(x.guest->run() == progress::dead);
  }
}

TEST_CASE("guest limits: an endless loop in any handler is preempted and can "
          "be destroyed") {
  for (auto kind : {hook::init, hook::cast, hook::call, hook::stop}) {
    instance x;
    send_to(x, kind, "loop");
    for (int slice = 0; slice < 3; ++slice)
      CHECK(x.guest->run() == progress::preempted);
    x.guest.reset();
    CHECK(x.host.inbox.empty());
  }
}

TEST_CASE("guest limits: other guests run while one loops for ever") {
  instance looping, other;
  looping.send(hook::cast, "loop");
  CHECK(looping.guest->run() == progress::preempted);
  CHECK(other.handle(hook::cast, "a") == progress::idle);
  CHECK(other.host.journal == lines{"out: a"});
  CHECK(looping.guest->run() == progress::preempted);
}

TEST_CASE("guest limits: a guest that waited long gets a full time slice") {
  instance x, looping;
  x.handle(hook::cast, "call a");
  looping.send(hook::cast, "loop");
  // The answer comes after the guest's epoch deadline.
  for (int slice = 0; slice < 3; ++slice)
    looping.guest->run();
  x.guest->answer({event_kind::reply, "b"});
  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal.back() == "reply: b");
}

TEST_CASE_TEMPLATE(
  "guest limits: a guest can be destroyed while it waits, and when it is dead",
  isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> waiting;
  CHECK(waiting.handle(hook::cast, "call a") == progress::waiting);
  waiting.guest.reset();

  guest_instance<isolation_kind> answered;
  CHECK(answered.handle(hook::cast, "call a") == progress::waiting);
  answered.guest->answer({event_kind::reply, "b"});
  answered.guest.reset();
  CHECK(answered.host.journal == lines{"call peer: a"});

  guest_instance<isolation_kind> dead;
  CHECK(dead.handle(hook::cast, "trap") == progress::dead);
  dead.guest.reset();
}

TEST_CASE_TEMPLATE("guest limits: a call in init suspends as well",
                   isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  CHECK(x.handle(hook::init, "call a") == progress::waiting);
  x.guest->answer({event_kind::reply, "b"});
  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal
        == lines{"init: p-", "call peer: a", "kind: 1", "reply: b"});
}

TEST_CASE_TEMPLATE("guest limits: an endless recursion traps that guest only",
                   isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x, other;
  CHECK(x.handle(hook::cast, "deep") == progress::dead);
  CHECK(contains(x.guest->fault(), "call stack exhausted"));
  CHECK(contains(x.guest->fault(), "deeper"));
  CHECK(x.guest->fault().size() <= 2048);
  CHECK(other.handle(hook::cast, "a") == progress::idle);
}

TEST_CASE_TEMPLATE("guest limits: memory ends at the instance's limit",
                   isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> small{"echo", {.memory = 4u << 20}};
  CHECK(small.handle(hook::cast, "bomb") == progress::idle);
  CHECK(small.host.journal.size() == 1);
  CHECK(small.host.journal[0] <= "pages: 0064");
  CHECK(small.host.journal[0] > "pages: 0048");

  guest_instance<isolation_kind> large{"echo", {.memory = 64u << 20}};
  large.handle(hook::cast, "bomb");
  CHECK(large.host.journal[0] > "pages: 1000");
}

TEST_CASE_FIXTURE(limited_engine,
                  "guest memory: one guest cannot exceed the engine's total") {
  auto alone = start();

  auto pages = alone->exhaust_memory();

  CHECK(pages <= "pages: 0128");
  CHECK(pages > "pages: 0110");
  CHECK(engine->memory() <= 8u << 20);
  CHECK(engine->memory_total() == 8u << 20);
}

TEST_CASE_FIXTURE(limited_engine,
                  "guest memory: what one guest uses is not left for others") {
  auto first = start();
  auto second = start();
  auto before = engine->memory();
  first->exhaust_memory();
  auto used = engine->memory();
  CHECK(used > before);

  // The second guest cannot grow, but runs.
  second->exhaust_memory();

  CHECK(engine->memory() < used + (1u << 20));
  CHECK(engine->memory() <= 8u << 20);
  second->host.inbox.push_back({hook::cast, second->host.id, "still here", {}});
  CHECK(test::run(*second->guest) == progress::idle);
  CHECK(second->host.journal.back() == "out: still here");
}

TEST_CASE_FIXTURE(limited_engine,
                  "guest memory: a destroyed guest returns its memory") {
  auto first = start();
  first->exhaust_memory();
  first.reset();
  CHECK(engine->memory() == 0);

  CHECK(start()->exhaust_memory() > "pages: 0110");
}

TEST_CASE_FIXTURE(limited_engine,
                  "guest memory: an instantiation without memory left is "
                  "refused with the setting's name") {
  std::vector<std::unique_ptr<running_guest>> others;
  test::scripted_host host;
  caf::error problem;
  for (int i = 0; i < 1000 && !problem; ++i) {
    auto made = code->instantiate(host, {});
    if (!made) {
      problem = made.error();
      break;
    }
    others.push_back(std::make_unique<running_guest>());
    others.back()->guest = std::move(*made);
  }

  CHECK(problem == ec::exhausted);
  CHECK(explain(problem)
        == "the functions of this node have used up their common memory "
           "(wasm_runtime.memory_mib)");
  CHECK(engine->memory() <= 8u << 20);
  CHECK(engine->counts()->guests == others.size());
}

TEST_CASE_FIXTURE(
  limited_engine,
  "guest memory: a trap reports how much of the engine's memory was left") {
  auto x = start();
  x->host.inbox.push_back({hook::cast, x->host.id, "trap", {}});

  CHECK(test::run(*x->guest) == progress::dead);
  CHECK(contains(x->guest->fault(), "; of wasm_runtime.memory_mib, "));
}

TEST_CASE("guest memory: without a total only the guest's own limit holds") {
  auto before = test::shared_engine().memory();
  instance x{"echo", {.memory = 64u << 20}};
  x.handle(hook::cast, "bomb");

  CHECK(test::shared_engine().memory() > before + (60u << 20));
  CHECK(test::shared_engine().memory_total() == 0);
}

TEST_CASE_TEMPLATE(
  "guest limits: an event that the guest has no memory for traps",
  isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x{"echo", {.memory = 4u << 20}};
  CHECK(x.handle(hook::cast, std::string(8u << 20, 'x')) == progress::dead);
  CHECK(contains(x.guest->fault(), "gave no room for 8388608 bytes"));
}

TEST_CASE(
  "guest limits: a module whose initial memory exceeds the limit is refused") {
  test::scripted_host host;
  auto made = test::load(test::shared_engine(), test::read_module("echo"))
                ->instantiate(host, {.memory = 32u << 10});
  REQUIRE(!made);
  CHECK(made.error() == ec::bad_module);
  CHECK(contains(explain(made.error()), "memory"));
}

TEST_CASE_TEMPLATE(
  "guest limits: a pointer out of bounds traps, whichever import gets it",
  isolation_kind, shared_isolation, process_isolation) {
  for (auto payload :
       {"outside", "outside channel", "outside id", "outside call",
        "outside reply", "outside sync", "answer outside"}) {
    guest_instance<isolation_kind> x;
    INFO(payload);
    auto now = x.handle(hook::call, payload);
    if (now == progress::waiting) {
      x.guest->answer({event_kind::reply, "x"});
      now = x.run();
    }
    CHECK(now == progress::dead);
    INFO(x.guest->fault());
    CHECK(contains(x.guest->fault(), "out of bounds"));
  }
}
