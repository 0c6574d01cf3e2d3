// SPDX-License-Identifier: MIT
#include "actors/liveness.hpp"

#include "messages/type_ids.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>

#include <cassert>

namespace edgeless {

namespace {

struct asked_actor {
  caf::actor handle;
  liveness::record_ptr answers;
  bool is_asked = false; ///< and has not answered yet
};

using asked_actors = std::shared_ptr<std::vector<asked_actor>>;

void note(liveness::record& x, liveness::time_point now) {
  x.last = now.time_since_epoch().count();
}

void ask(caf::event_based_actor* self, const asked_actors& all,
         std::size_t index) {
  auto& x = (*all)[index];
  if (std::exchange(x.is_asked, true))
    return;
  self
    ->request(x.handle, limits::liveness, caf::sys_atom_v, caf::get_atom_v,
              std::string{"info"})
    .then(
      [=](caf::ok_atom, const std::string&, const caf::strong_actor_ptr&,
          const std::string&) {
        (*all)[index].is_asked = false;
        note(*(*all)[index].answers, self->clock().now());
      },
      [=](const caf::error&) { (*all)[index].is_asked = false; });
}

caf::behavior asking(caf::event_based_actor* self,
                     const liveness::record_ptr& pool, asked_actors all) {
  self->send(self, atom::tick_v);
  return {
    [=](atom::tick) {
      note(*pool, self->clock().now());
      for (std::size_t i = 0; i < all->size(); ++i)
        ask(self, all, i);
      self->delayed_send(self, limits::liveness_interval, atom::tick_v);
    },
  };
}

} // namespace

liveness::liveness(caf::actor_system& system,
                   const std::vector<subject>& subjects) {
  auto add = [&](const std::string& name) {
    auto made = std::make_shared<record>();
    made->name = name;
    note(*made, system.clock().now());
    records_.push_back(made);
    return made;
  };
  auto pool = add("the thread pool");
  auto all = std::make_shared<std::vector<asked_actor>>();
  for (auto& x : subjects) {
    assert(x.handle);
    all->push_back({x.handle, add(x.name)});
  }
  asking_ = system.spawn(asking, pool, std::move(all));
}

liveness::~liveness() {
  caf::anon_send_exit(asking_, caf::exit_reason::kill);
}

std::string liveness::problem(time_point now) const {
  for (auto& x : records_) {
    auto silent = now.time_since_epoch() - time_point::duration{x->last.load()};
    if (silent > limits::liveness)
      return x->name + " has not answered for "
             + std::to_string(
               std::chrono::duration_cast<std::chrono::seconds>(silent).count())
             + " s";
  }
  return {};
}

} // namespace edgeless
