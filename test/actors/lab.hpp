// SPDX-License-Identifier: MIT
#pragma once

#include "actors/neighbourhood.hpp"

#include "runtime/wire.hpp"

#include "messages/interfaces.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace edgeless::test {

using namespace std::chrono_literals;

/// A place for one actor and its doubles, on virtual time.
class lab {
public:
  lab() : system{configure(config_)}, self{system} {
    clock().current_time += 1h;
    auto generator = std::make_shared<std::mt19937_64>(1);
    random = [generator] {
      return (*generator)();
    };
  }

  ~lab() {
    for (auto& x : kept_)
      caf::anon_send_exit(caf::actor_cast<caf::actor>(x),
                          caf::exit_reason::kill);
    kept_.clear();
    settle();
  }

  /// Ended with the lab.
  template <class Handle>
  Handle keep(Handle x) {
    kept_.push_back(caf::actor_cast<caf::strong_actor_ptr>(x));
    return x;
  }

  /// A double: an actor with some of the handlers of its role.
  template <class Handle, class... Fs>
  Handle pose(Fs... handlers) {
    auto made = system.spawn([=](caf::event_based_actor* me) -> caf::behavior {
      // Says nothing to what it does not know; an error would end whoever sent
      // it.
      me->set_default_handler(
        [](caf::scheduled_actor*,
           caf::message_view&) -> caf::result<caf::message> {
          return caf::delegated<caf::message>{};
        });
      return {handlers...};
    });
    keep(made);
    return caf::actor_cast<Handle>(made);
  }

  template <class Handle, class... Ts>
  void tell(const Handle& whom, Ts... xs) {
    caf::anon_send(whom, std::move(xs)...);
    settle();
  }

  template <class T, class Handle, class... Ts>
  caf::expected<T> ask(const Handle& whom, Ts... xs) {
    auto request = self->request(whom, caf::infinite, std::move(xs)...);
    settle();
    caf::expected<T> result{fail(ec::unreachable, "no answer yet")};
    if (self->mailbox().empty())
      return result;
    request.receive([&](T& x) { result = std::move(x); },
                    [&](caf::error& x) { result = std::move(x); });
    return result;
  }

  void settle() {
    while (scheduler().try_run_once()) {
      // nop
    }
  }

  void pass(caf::timespan duration) {
    settle();
    auto end = clock().now() + duration;
    while (scheduler().has_pending_timeout()
           && clock().schedule().begin()->first <= end) {
      scheduler().advance_time(clock().schedule().begin()->first
                               - clock().now());
      settle();
    }
    scheduler().advance_time(end - clock().now());
    settle();
  }

  template <class Id>
  Id any() {
    return draw<Id>(random);
  }

  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }

  caf::detail::test_actor_clock& clock() {
    return scheduler().clock();
  }

private:
  static caf::actor_system_config& configure(caf::actor_system_config& x) {
    x.set("scheduler.policy", caf::atom("testing"));
    x.set("logger.verbosity", caf::atom("quiet"));
    x.add_message_types<caf::id_block::edgeless_types>();
    x.add_message_types<caf::id_block::edgeless_atoms>();
    x.add_message_types<caf::id_block::edgeless_handles>();
    return x;
  }

  caf::actor_system_config config_;

public:
  caf::actor_system system;
  caf::scoped_actor self;
  chance random;

private:
  std::vector<caf::strong_actor_ptr> kept_;
};

/// Answers nothing by itself: the test says what the wire found.
struct toy_wire : wire {
  struct call {
    std::string where;
    caf::strong_actor_ptr whom;
  };

  caf::expected<std::unique_ptr<listener>>
  listen(const url&, caf::strong_actor_ptr, peer_role,
         const std::vector<peer_role>&) override {
    return fail(ec::system_failure, "nobody listens here");
  }

  void dial(const std::string& where, peer_role, peer_role, const std::string&,
            caf::strong_actor_ptr whom) override {
    dials.push_back({where, std::move(whom)});
  }

  std::vector<call> dials;
};

inline event cast_of(const instance_id& source, std::string payload) {
  event x;
  x.source = source;
  x.payload = std::move(payload);
  return x;
}

} // namespace edgeless::test
