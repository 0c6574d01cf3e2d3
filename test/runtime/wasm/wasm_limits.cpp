// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

using namespace edgeless;
using edgeless::test::instance;
using edgeless::test::instance_behind;
using edgeless::test::lines;
using edgeless::test::process_door;
using edgeless::test::shared_door;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Prepares a guest for a handler that does what `what` says.
template <class Instance>
void send_to(Instance& x, hook kind, const std::string& what) {
  if (kind == hook::stop)
    x.handle(hook::cast, "stop " + what);
  x.send(kind, kind == hook::stop ? "" : what);
}

/// An engine whose guests have 8 MiB together, and some of them.
struct shared_memory {
  static std::unique_ptr<guest_engine> make_engine() {
    engine_settings settings;
    settings.memory = 8u << 20;
    return make_wasm_engine(settings);
  }

  std::unique_ptr<guest_engine> engine = make_engine();
  guest_class_ptr code = test::load(*engine, test::read_module("echo"));

  struct instance_entry {
    test::scripted_host host;
    std::unique_ptr<guest> body;

    /// The pages it has when it cannot have more.
    std::string bomb() {
      host.inbox.push_back({hook::cast, host.id, "bomb", {}});
      return test::run(*body) == progress::idle ? host.journal.back()
                                                : body->fault();
    }
  };

  std::unique_ptr<instance_entry> enter() {
    auto result = std::make_unique<instance_entry>();
    auto made = code->instantiate(result->host, {});
    REQUIRE_MESSAGE(made, explain(made.error()));
    result->body = std::move(*made);
    return result;
  }
};

} // namespace

TEST_CASE_TEMPLATE("a trap in any handler kills the guest and says where",
                   acceptor, shared_door, process_door) {
  for (auto [kind, name] : {std::pair{hook::init, "handle_init_asm"},
                            std::pair{hook::cast, "handle_cast_asm"},
                            std::pair{hook::call, "handle_call_asm"},
                            std::pair{hook::stop, "handle_stop_asm"}}) {
    instance_behind<acceptor> x;
    send_to(x, kind, "trap");

    CHECK(x.run() == progress::dead);
    CHECK(x.guest->fault().starts_with("wasm trap: wasm `unreachable` "
                                       "instruction executed; in "));
    CHECK(contains(x.guest->fault(), name));
    CHECK(x.guest->run() == progress::dead);
  }
}

TEST_CASE("an endless loop in any handler is preempted, and can be dropped") {
  for (auto kind : {hook::init, hook::cast, hook::call, hook::stop}) {
    instance x;
    send_to(x, kind, "loop");
    for (int slice = 0; slice < 3; ++slice)
      CHECK(x.guest->run() == progress::preempted);
    x.guest.reset();
    CHECK(x.host.inbox.empty());
  }
}

TEST_CASE("another guest runs while one loops for ever") {
  instance looping, other;
  looping.send(hook::cast, "loop");
  CHECK(looping.guest->run() == progress::preempted);
  CHECK(other.handle(hook::cast, "a") == progress::idle);
  CHECK(other.host.journal == lines{"out: a"});
  CHECK(looping.guest->run() == progress::preempted);
}

TEST_CASE("a guest that waited long is not preempted at once") {
  instance x, looping;
  x.handle(hook::cast, "call a");
  looping.send(hook::cast, "loop");
  // Time passes: its deadline is long gone when the answer comes.
  for (int slice = 0; slice < 3; ++slice)
    looping.guest->run();
  x.guest->answer({event_kind::reply, "b"});
  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal.back() == "reply: b");
}

TEST_CASE_TEMPLATE("a guest can be dropped while it waits, and when it is dead",
                   acceptor, shared_door, process_door) {
  instance_behind<acceptor> waiting;
  CHECK(waiting.handle(hook::cast, "call a") == progress::waiting);
  waiting.guest.reset();

  instance_behind<acceptor> answered;
  CHECK(answered.handle(hook::cast, "call a") == progress::waiting);
  answered.guest->answer({event_kind::reply, "b"});
  answered.guest.reset();
  CHECK(answered.host.journal == lines{"call peer: a"});

  instance_behind<acceptor> dead;
  CHECK(dead.handle(hook::cast, "trap") == progress::dead);
  dead.guest.reset();
}

TEST_CASE_TEMPLATE("a call in init waits as well", acceptor, shared_door,
                   process_door) {
  instance_behind<acceptor> x;
  CHECK(x.handle(hook::init, "call a") == progress::waiting);
  x.guest->answer({event_kind::reply, "b"});
  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal
        == lines{"init: p-", "call peer: a", "kind: 1", "reply: b"});
}

TEST_CASE_TEMPLATE("a recursion without end is a trap of that guest only",
                   acceptor, shared_door, process_door) {
  instance_behind<acceptor> x, other;
  CHECK(x.handle(hook::cast, "deep") == progress::dead);
  CHECK(contains(x.guest->fault(), "call stack exhausted"));
  CHECK(contains(x.guest->fault(), "deeper"));
  CHECK(x.guest->fault().size() <= 2048);
  CHECK(other.handle(hook::cast, "a") == progress::idle);
}

TEST_CASE_TEMPLATE("memory ends at the instance's limit", acceptor, shared_door,
                   process_door) {
  instance_behind<acceptor> small{"echo", {.memory = 4u << 20}};
  CHECK(small.handle(hook::cast, "bomb") == progress::idle);
  CHECK(small.host.journal.size() == 1);
  CHECK(small.host.journal[0] <= "pages: 0064");
  CHECK(small.host.journal[0] > "pages: 0048");

  instance_behind<acceptor> large{"echo", {.memory = 64u << 20}};
  large.handle(hook::cast, "bomb");
  CHECK(large.host.journal[0] > "pages: 1000");
}

TEST_CASE_FIXTURE(shared_memory, "a guest has no more than all may have") {
  auto alone = enter();

  auto pages = alone->bomb();

  CHECK(pages <= "pages: 0128");
  CHECK(pages > "pages: 0110");
  CHECK(engine->memory() <= 8u << 20);
  CHECK(engine->memory_total() == 8u << 20);
}

TEST_CASE_FIXTURE(shared_memory, "what one guest has, others cannot have") {
  auto greedy = enter();
  auto late = enter();
  auto before = engine->memory();
  greedy->bomb();
  auto used = engine->memory();
  CHECK(used > before);

  // It cannot grow, and runs all the same.
  late->bomb();

  CHECK(engine->memory() < used + (1u << 20));
  CHECK(engine->memory() <= 8u << 20);
  late->host.inbox.push_back({hook::cast, late->host.id, "still here", {}});
  CHECK(test::run(*late->body) == progress::idle);
  CHECK(late->host.journal.back() == "out: still here");
}

TEST_CASE_FIXTURE(shared_memory, "what ended is given back") {
  auto first = enter();
  first->bomb();
  first.reset();
  CHECK(engine->memory() == 0);

  CHECK(enter()->bomb() > "pages: 0110");
}

TEST_CASE_FIXTURE(shared_memory, "a start that finds no memory says so") {
  std::vector<std::unique_ptr<instance_entry>> others;
  test::scripted_host host;
  caf::error problem;
  for (int i = 0; i < 1000 && !problem; ++i) {
    auto made = code->instantiate(host, {});
    if (!made) {
      problem = made.error();
      break;
    }
    others.push_back(std::make_unique<instance_entry>());
    others.back()->body = std::move(*made);
  }

  CHECK(problem == ec::exhausted);
  CHECK(explain(problem)
        == "the functions of this node have used up their common memory "
           "(wasm_runtime.memory_mib)");
  CHECK(engine->memory() <= 8u << 20);
  CHECK(engine->counts()->guests == others.size());
}

TEST_CASE_FIXTURE(shared_memory, "a trap says how much memory was left") {
  auto x = enter();
  x->host.inbox.push_back({hook::cast, x->host.id, "trap", {}});

  CHECK(test::run(*x->body) == progress::dead);
  CHECK(contains(x->body->fault(), "; of wasm_runtime.memory_mib, "));
}

TEST_CASE("without a common bound only the guest's own holds") {
  auto before = test::shared_engine().memory();
  instance x{"echo", {.memory = 64u << 20}};
  x.handle(hook::cast, "bomb");

  CHECK(test::shared_engine().memory() > before + (60u << 20));
  CHECK(test::shared_engine().memory_total() == 0);
}

TEST_CASE_TEMPLATE("an event for which the guest has no room is a trap",
                   acceptor, shared_door, process_door) {
  instance_behind<acceptor> x{"echo", {.memory = 4u << 20}};
  CHECK(x.handle(hook::cast, std::string(8u << 20, 'x')) == progress::dead);
  CHECK(contains(x.guest->fault(), "gave no room for 8388608 bytes"));
}

TEST_CASE("a module whose memory begins beyond the limit is refused") {
  test::scripted_host host;
  auto made = test::load(test::shared_engine(), test::read_module("echo"))
                ->instantiate(host, {.memory = 32u << 10});
  REQUIRE(!made);
  CHECK(made.error() == ec::bad_module);
  CHECK(contains(explain(made.error()), "memory"));
}

TEST_CASE_TEMPLATE("a pointer out of bounds is a trap, wherever it is given",
                   acceptor, shared_door, process_door) {
  for (auto payload :
       {"outside", "outside channel", "outside id", "outside call",
        "outside reply", "outside sync", "answer outside"}) {
    instance_behind<acceptor> x;
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
