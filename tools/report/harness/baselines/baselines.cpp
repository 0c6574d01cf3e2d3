// SPDX-License-Identifier: MIT
#include "tools/report/harness/baselines/baselines.hpp"

#include "tools/report/harness/baselines/loopback.hpp"
#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/harness/in_process/null_host.hpp"

#include "runtime/base/sha256.hpp"
#include "runtime/net/basp/caf_system.hpp"
#include "runtime/wasm/engine.hpp"

#include <caf/event_based_actor.hpp>

#include <atomic>
#include <cstring>

namespace edgeless::benchmark {

namespace {

constexpr std::uint64_t burst = 256;

/// Replies to each `burst`-th number.
caf::behavior counter(caf::event_based_actor* self, const caf::actor& source,
                      std::atomic<std::uint64_t>* count) {
  return {
    [=](std::uint64_t) {
      if (count->fetch_add(1, std::memory_order_relaxed) % burst == 0)
        self->send(source, atom::resume_v);
    },
  };
}

caf::behavior source(caf::event_based_actor* self,
                     std::atomic<std::uint64_t>* count) {
  auto sink = self->spawn(counter, caf::actor{self}, count);
  self->attach_functor(
    [sink] { caf::anon_send_exit(sink, caf::exit_reason::user_shutdown); });
  return {
    [=](atom::resume) {
      for (std::uint64_t i = 0; i < burst; ++i)
        self->send(sink, i);
    },
  };
}

/// Passes the same event to a guest, `left` times per entry.
struct repeating_host : null_host {
  guest_event current{hook::init, {}, {}, {}};
  int left = 1;
  std::uint64_t handled = 0;

  const guest_event* next() noexcept override {
    if (left == 0)
      return nullptr;
    --left;
    ++handled;
    return &current;
  }
};

/// Calls `measure` with burst.wat as a compiled module.
template <class F>
row with_class(const plan& how, row result, F measure) {
  auto engine = make_wasm_engine({how.scratch / "code"});
  auto module = burst_module();
  auto code = engine->compile(sha256(module), module);
  if (code)
    measure(**code, result);
  else
    result.failure = explain(code.error());
  return result;
}

/// A guest whose init has run; nothing if it fails, and the row has the reason.
std::unique_ptr<guest> started(guest_class& code, repeating_host& host,
                               row& x) {
  auto made = code.instantiate(host, {});
  if (!made) {
    x.failure = explain(made.error());
    return nullptr;
  }
  (*made)->run();
  return std::move(*made);
}

} // namespace

row caf_messages(const plan& how) {
  row result{"CAF alone: messages between two actors"};
  std::atomic<std::uint64_t> count{0};
  system_config config;
  caf::actor_system system{config};
  auto from = system.spawn(source, &count);
  for (int i = 0; i < 8; ++i)
    caf::anon_send(from, atom::resume_v);
  result.samples = growth(
    how, [&] { return count.load(); }, how.repeats(10));
  caf::anon_send_exit(from, caf::exit_reason::user_shutdown);
  return result;
}

row caf_request(const plan& how) {
  row result{"CAF alone: request and answer between two actors", unit::seconds};
  system_config config;
  caf::actor_system system{config};
  auto echo = system.spawn([]() -> caf::behavior {
    return {[](std::uint64_t x) {
      return x;
    }};
  });
  // Sends the next request at each reply; a sample is the mean of a thousand.
  auto requester
    = [echo](caf::event_based_actor* self, std::vector<double>* out,
             std::size_t samples) -> caf::behavior {
    auto start = std::make_shared<clock::time_point>(clock::now());
    auto left = std::make_shared<std::size_t>(samples * 1000);
    auto request = std::make_shared<std::function<void()>>();
    *request = [=, weak = request.get()] {
      self->request(echo, limits::local, std::uint64_t{1})
        .then([=](std::uint64_t) {
          if (--*left % 1000 == 0)
            out->push_back(std::chrono::duration<double>(
                             clock::now() - std::exchange(*start, clock::now()))
                             .count()
                           / 1000);
          if (*left > 0)
            (*weak)();
          else
            self->quit();
        });
    };
    (*request)();
    return {[request](atom::ok) {
    }};
  };
  caf::scoped_actor self{system};
  auto busy = system.spawn(requester, &result.samples, how.repeats(20));
  self->wait_for(busy);
  caf::anon_send_exit(echo, caf::exit_reason::user_shutdown);
  return result;
}

row engine_events(const plan& how, std::size_t size) {
  row result{"engine alone: events of " + readable(size, unit::bytes)};
  return with_class(how, std::move(result), [&](guest_class& code, row& x) {
    repeating_host host;
    auto guest = started(code, host, x);
    if (!guest)
      return;
    host.current = {hook::cast, {}, std::string(size, 'x'), {}};
    for (std::size_t i = 0; i < how.repeats(10); ++i) {
      host.handled = 0;
      auto start = clock::now();
      while (clock::now() - start < how.pace() / 2) {
        host.left = 100;
        while (guest->run() == progress::preempted) {
        }
      }
      x.samples.push_back(static_cast<double>(host.handled)
                          / seconds_since(start));
    }
  });
}

row engine_instantiate(const plan& how) {
  row result{"engine alone: an instance of a class at hand", unit::seconds};
  return with_class(how, std::move(result), [&](guest_class& code, row& x) {
    for (std::size_t i = 0; i < how.repeats(200); ++i) {
      repeating_host host;
      x.samples.push_back(seconds_of([&] {
        if (auto guest = code.instantiate(host, {}))
          (*guest)->run();
      }));
    }
  });
}

row engine_drop(const plan& how) {
  row result{"engine alone: the end of an instance", unit::seconds};
  return with_class(how, std::move(result), [&](guest_class& code, row& x) {
    for (std::size_t i = 0; i < how.repeats(200); ++i) {
      repeating_host host;
      auto guest = started(code, host, x);
      if (!guest)
        return;
      x.samples.push_back(seconds_of([&] { guest.reset(); }));
    }
  });
}

row memory_copies(const plan& how, std::size_t size) {
  row result{"memcpy alone: copies of " + readable(size, unit::bytes)};
  std::string from(size, 'x'), to(size, 'y');
  for (std::size_t i = 0; i < how.repeats(10); ++i) {
    std::uint64_t count = 0;
    auto start = clock::now();
    for (; clock::now() - start < how.pace() / 5; ++count) {
      std::memcpy(to.data(), from.data(), size);
      // Keeps the compiler from removing the copy.
      from[count % size] = to[size / 2];
    }
    result.samples.push_back(static_cast<double>(count) / seconds_since(start));
  }
  return result;
}

row tcp_bytes(const plan& how) {
  row result{"TCP alone: bytes"};
  loopback connection;
  std::atomic<std::uint64_t> count{0};
  std::thread reader{[&] {
    std::string buffer(256 << 10, 0);
    while (auto n = connection.receive(1, buffer.data(), buffer.size()))
      count += n;
  }};
  std::atomic<bool> done{false};
  std::thread writer{[&] {
    std::string block(256 << 10, 'x');
    while (!done && connection.send(0, block.data(), block.size())) {
    }
    connection.shut_down(0);
  }};
  result.samples = growth(
    how, [&] { return count.load(); }, how.repeats(10));
  done = true;
  writer.join();
  reader.join();
  return result;
}

row tcp_round_trip(const plan& how) {
  row result{"TCP alone: 64 bytes there and back", unit::seconds};
  loopback connection;
  std::thread echo{[&] {
    char buffer[64];
    while (auto n = connection.receive(1, buffer, sizeof buffer))
      connection.send(1, buffer, n);
  }};
  char buffer[64] = {};
  for (std::size_t i = 0; i < how.repeats(20'000); ++i)
    result.samples.push_back(seconds_of([&] {
      connection.send(0, buffer, sizeof buffer);
      connection.receive(0, buffer, sizeof buffer);
    }));
  connection.shut_down(0);
  echo.join();
  return result;
}

} // namespace edgeless::benchmark
