// SPDX-License-Identifier: MIT
#pragma once

#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/multiplexer.hpp>
#include <caf/spawn_options.hpp>

#include <utility>

namespace edgeless {

/// Where the actors run that must not wait behind guests: on a thread of their
/// own, or in the thread pool, for tests on virtual time.
enum class threads { own, pool };

template <class F, class... Ts>
auto spawn_on(threads where, caf::actor_system& system, F f, Ts&&... xs) {
  if (where == threads::own)
    return system.spawn<caf::detached>(f, std::forward<Ts>(xs)...);
  return system.spawn(f, std::forward<Ts>(xs)...);
}

/// An actor that CAF 0.17 runs on the thread of its network multiplexer, as it
/// runs its brokers.
template <class Base>
class network_actor : public Base {
public:
  using Base::Base;

  caf::resumable::subtype_t subtype() const override {
    return caf::resumable::io_actor;
  }

  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit*) override {
    Base::enqueue(std::move(x), &this->home_system().middleman().backend());
  }
};

/// Spawns an actor on the thread that reads and writes connections, so that a
/// frame reaches it without a switch of threads. CAF 0.17 offers this to
/// brokers only; hence `caf::detail`.
template <class F, class... Ts>
auto spawn_on_network_thread(threads where, caf::actor_system& system, F f,
                             Ts&&... xs) {
  using actor = caf::infer_impl_from_fun_t<F>;
  if (where != threads::own)
    return system.spawn(f, std::forward<Ts>(xs)...);
  caf::actor_config config{&system.middleman().backend()};
  caf::detail::init_fun_factory<actor, F> first;
  config.init_fun = first(f, std::forward<Ts>(xs)...);
  return system.spawn_impl<network_actor<actor>, caf::no_spawn_options>(config);
}

} // namespace edgeless
