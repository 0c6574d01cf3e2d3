// SPDX-License-Identifier: MIT
#include "actors/orchestrator/component.hpp"

#include "runtime/base/log.hpp"
#include "runtime/placement/annotations.hpp"

namespace edgeless {

// -- one after the other ------------------------------------------------------

caf::result<atom::ok> component_state::migrate(const placement& to) {
  if (moving && moves.size() >= limits::moves)
    return fail(ec::exhausted,
                "too many moves of " + spec.name + " are waiting already");
  auto promise = self->make_response_promise<atom::ok>();
  if (moving)
    moves.push_back({to, promise});
  else
    begin_move(to, promise);
  return promise;
}

void component_state::begin_move(
  const placement& to, caf::typed_response_promise<atom::ok> promise) {
  if (!home) {
    promise.deliver(fail(
      ec::unknown_instance,
      spec.name + " runs nowhere: " + (attempt ? "it is starting" : reason)));
  } else if (home->at.node == to.node) {
    promise.deliver(fail(ec::duplicate, spec.name + " lives on node "
                                          + to_string(to.node) + " already"));
  } else {
    moving = move{move::step::prepare,
                  placed_instance{to, draw<physical_id>(random), {}}, promise};
    auto id = moving->successor.instance;
    self->request(to.handle, limits::node_start, atom::prepare_v, id, spec)
      .then([this, id](atom::ok) { freeze_home(id); },
            [this, id](const caf::error& x) {
              if (moving && moving->successor.instance == id)
                fail_move(x);
            });
    return;
  }
  begin_next_move();
}

void component_state::begin_next_move() {
  if (moving || moves.empty())
    return;
  auto next = std::move(moves.front());
  moves.pop_front();
  begin_move(next.to, next.promise);
}

// -- step by step -------------------------------------------------------------

void component_state::freeze_home(const physical_id& id) {
  if (!moving || moving->successor.instance != id
      || moving->at != move::step::prepare)
    return;
  moving->at = move::step::freeze;
  self
    ->request(home->at.handle, limits::freeze + limits::local, atom::freeze_v,
              home->instance)
    .then([this, id](const std::string& x) { activate_successor(id, x); },
          [this, id](const caf::error& x) {
            if (moving && moving->successor.instance == id
                && moving->at == move::step::freeze)
              fail_move(x);
          });
}

void component_state::activate_successor(const physical_id& id,
                                         const std::string& x) {
  if (!moving || moving->successor.instance != id
      || moving->at != move::step::freeze)
    return;
  moving->at = move::step::activate;
  if (!x.empty())
    synced(home->instance, x);
  self
    ->request(moving->successor.at.handle, limits::node_start, atom::activate_v,
              id, outputs(), x, instance_id{home->at.node, home->instance})
    .then(
      [this, id](atom::ok) {
        if (moving && moving->successor.instance == id)
          complete_move();
      },
      [this, id](const caf::error& x) {
        if (moving && moving->successor.instance == id)
          fail_move(x);
      });
}

/// The successor runs: it is home from now on.
void component_state::complete_move() {
  if (moving->successor.ended) {
    fail_move(fail(ec::guest_fault, *moving->successor.ended));
    return;
  }
  auto done = std::move(*moving);
  moving.reset();
  former = std::exchange(home, std::move(done.successor));
  home_since = self->clock().now();
  log_info("orchestrator", spec.name, " (", spec.class_id, ") moved to node ",
           home->at.node, " as ", home->instance);
  if (former)
    hand_over();
  announce();
  // What moved meanwhile.
  patch();
  done.promise.deliver(atom::ok_v);
  begin_next_move();
}

void component_state::hand_over() {
  predecessor = former->instance;
  self->send(former->at.handle, atom::hand_over_v, former->instance, where(),
             static_cast<std::uint32_t>(listeners.size()));
  self->delayed_send(self, limits::hand_over, atom::drop_v, home->instance);
}

/// Nothing has happened: home goes on, its successor is not wanted.
void component_state::fail_move(const caf::error& x) {
  log_warn("orchestrator", spec.name, " (", spec.class_id,
           ") does not move to node ", moving->successor.at.node, ": ", x);
  auto failed = std::move(*moving);
  moving.reset();
  self->send(failed.successor.at.handle, atom::stop_v,
             failed.successor.instance);
  if (home && failed.at != move::step::prepare)
    thaw_home();
  if (home && failed.at == move::step::activate)
    patch(); // what was kept back since it was frozen
  failed.promise.deliver(x);
  if (!home)
    seek();
  begin_next_move();
}

/// Neither this move nor those that wait for it.
void component_state::end_move(const caf::error& x) {
  for (auto& waiting : std::exchange(moves, {}))
    waiting.promise.deliver(x);
  if (moving)
    fail_move(x);
}

void component_state::thaw_home() {
  self->send(home->at.handle, atom::thaw_v, home->instance);
}

// -- what may happen meanwhile ------------------------------------------------

/// True: that session was one of a move, and all that follows is done.
bool component_state::lose_move(const session_id& session) {
  if (former && former->at.session == session)
    former.reset();
  std::erase_if(moves, [&](auto& x) {
    if (x.to.session != session)
      return false;
    x.promise.deliver(
      fail(ec::lost_session, "the node it was to move to was lost"));
    return true;
  });
  if (!moving)
    return false;
  if (moving->successor.at.session == session) {
    fail_move(fail(ec::lost_session, "the node it was to move to was lost"));
    return true;
  }
  return home && home->at.session == session
         && on_move_target_down("its node was lost");
}

/// Home has ended. True: its successor is about to run and takes over.
bool component_state::on_move_target_down(const std::string& why) {
  if (!moving)
    return false;
  if (moving->at == move::step::activate) {
    drop_instance(why);
    return true;
  }
  auto failed = std::move(*moving);
  moving.reset();
  self->send(failed.successor.at.handle, atom::stop_v,
             failed.successor.instance);
  failed.promise.deliver(fail(ec::lost_session, why));
  end_move(fail(ec::lost_session, why));
  return false;
}

/// A node joins anew with an instance that a move is about. True: it may stay.
bool component_state::adopt_moving(const inventory_record& record,
                                   const placement& at) {
  if (former && former->instance == record.instance) {
    // It has not heard yet that it has a successor.
    former->at = at;
    self->send(at.handle, atom::hand_over_v, record.instance, where(),
               static_cast<std::uint32_t>(listeners.size()));
    return true;
  }
  if (!moving)
    return false;
  if (moving->successor.instance == record.instance) {
    // It runs, and only the news of that were lost.
    moving->successor.at = at;
    pull_state(record, at);
    complete_move();
    return home && home->instance == record.instance;
  }
  if (home && home->instance == record.instance
      && moving->at == move::step::freeze) {
    // The answer may be lost; whatever it was, thawing undoes it.
    home->at = at;
    fail_move(fail(ec::lost_session, "its node joined anew meanwhile"));
  }
  return false;
}

/// Of a move that our domain has forgotten. If the successor was found, this
/// one passes on what it has; it goes on itself only when that one does not
/// come.
bool component_state::adopt_frozen(const inventory_record& record,
                                   const placement& at) {
  if (home && inherited && !former && !moving) {
    succeed(at, record.instance);
    announce();
    patch();
    return true;
  }
  auto free = !frozen_candidate_
              || frozen_candidate_->record.instance == record.instance;
  if (home || !waiting || !free)
    return false;
  frozen_candidate_ = frozen_candidate{record, at};
  pull_state(record, at);
  return true;
}

/// Home takes over from that one, as if the move had ended just now.
void component_state::succeed(const placement& at,
                              const physical_id& instance) {
  former = placed_instance{at, instance, {}};
  hand_over();
}

void component_state::synced(const physical_id& id, const std::string& x) {
  if (mine(id) && x.size() <= limits::state
      && state_policy_of(spec.settings) == state_policy::global)
    state = x;
}

/// An instance was found whose last sync we do not know: it may have gone to
/// an orchestrator that is no more.
void component_state::pull_state(const inventory_record& record,
                                 const placement& at) {
  if (record.state == 0 || record.state == fingerprint_of_state(state)
      || state_policy_of(spec.settings) != state_policy::global)
    return;
  auto id = record.instance;
  self->request(at.handle, limits::local, atom::state_v, id)
    .then(
      [this, id](const std::string& x) {
        if (!x.empty())
          synced(id, x);
      },
      [this](const caf::error& x) {
        log_warn("orchestrator", "the state of ", spec.name,
                 " is not known: ", x);
      });
}

bool component_state::mine(const physical_id& id) const {
  return (frozen_candidate_ && frozen_candidate_->record.instance == id)
         || (home && home->instance == id)
         || (attempt && attempt->instance == id)
         || (moving && moving->successor.instance == id);
}

} // namespace edgeless
