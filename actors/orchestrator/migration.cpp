// SPDX-License-Identifier: MIT
#include "actors/orchestrator/migration.hpp"

#include "actors/orchestrator/component.hpp"

#include "runtime/base/log.hpp"

#include <cassert>

namespace edgeless {

// -- one after the other ------------------------------------------------------

caf::result<atom::ok> migration::request(const placement& to) {
  auto& c = component_;
  if (active_ && queue_.size() >= limits::moves)
    return fail(ec::exhausted, c.spec.name
                                 + " has too many waiting migrations, at most "
                                 + std::to_string(limits::moves));
  auto answer = c.self->make_response_promise<atom::ok>();
  if (active_)
    queue_.push_back({to, answer});
  else
    begin(to, answer);
  return answer;
}

void migration::begin(const placement& to, promise answer) {
  assert(!active_);
  auto& c = component_;
  if (!c.running) {
    answer.deliver(fail(ec::unknown_instance,
                        c.spec.name + " has no running instance: "
                          + (c.starting ? "it is starting" : c.reason)));
    begin_next();
    return;
  }
  if (c.running->at.node == to.node) {
    answer.deliver(fail(ec::duplicate, c.spec.name + " runs on node "
                                         + to_string(to.node) + " already"));
    begin_next();
    return;
  }
  auto id = draw<physical_id>(c.random);
  active_ = active{step::prepare, placed_instance{to, id}, answer};
  c.self
    ->request(to.handle, limits::node_start, atom::prepare_v, id,
              c.start_spec())
    .then([this, id](atom::ok) { freeze_source(id); },
          [this, id](const caf::error& x) {
            if (targets(id))
              fail_active(x);
          });
}

void migration::begin_next() {
  if (active_ || queue_.empty())
    return;
  auto next = std::move(queue_.front());
  queue_.pop_front();
  begin(next.to, next.answer);
}

// -- step by step -------------------------------------------------------------

void migration::freeze_source(const physical_id& target) {
  if (!is_at(step::prepare, target))
    return;
  auto& c = component_;
  assert(c.running); // on_source_down() ends a migration at this step
  active_->at = step::freeze;
  c.self
    ->request(c.running->at.handle, limits::freeze + limits::local,
              atom::freeze_v, c.running->instance)
    .then(
      [this, target](state_part& x) { transfer_state(target, std::move(x)); },
      [this, target](const caf::error& x) {
        if (is_at(step::freeze, target))
          fail_active(x);
      });
}

/// The last part goes with the activation: a small state takes no step more.
void migration::transfer_state(const physical_id& target, state_part x) {
  if (!is_at(step::freeze, target))
    return;
  if (x.offset + x.bytes.size() >= x.size) {
    activate_target(target, x);
    return;
  }
  auto& c = component_;
  auto fail_here = [this, target](const caf::error& x) {
    if (is_at(step::freeze, target))
      fail_active(x);
  };
  auto next = x.offset + x.bytes.size();
  c.self
    ->request(active_->target.at.handle, limits::node_start, atom::state_v,
              target, std::move(x))
    .then(
      [this, target, next, fail_here](atom::ok) {
        if (!is_at(step::freeze, target))
          return;
        auto& c = component_;
        assert(c.running);
        c.self
          ->request(c.running->at.handle, limits::node_start, atom::state_v,
                    c.running->instance, std::uint64_t{next})
          .then(
            [this, target, next, fail_here](state_part& y) {
              if (y.offset == next && !y.bytes.empty())
                transfer_state(target, std::move(y));
              else
                fail_here(fail(ec::bad_input, "the source sent another part"));
            },
            fail_here);
      },
      fail_here);
}

void migration::activate_target(const physical_id& target,
                                const state_part& last) {
  auto& c = component_;
  assert(c.running);
  active_->at = step::activate;
  if (last.offset == 0 && last.size > 0)
    c.on_state_synced(c.running->instance, last.bytes);
  c.self
    ->request(active_->target.at.handle, limits::node_start, atom::activate_v,
              target, c.outputs(), last.bytes,
              instance_id{c.running->at.node, c.running->instance})
    .then(
      [this, target](atom::ok) {
        if (targets(target))
          complete();
      },
      [this, target](const caf::error& x) {
        if (targets(target))
          fail_active(x);
      });
}

/// The target runs: it is the running instance from now on.
void migration::complete() {
  assert(active_);
  if (active_->target.ended) {
    fail_active(fail(ec::guest_fault, *active_->target.ended));
    return;
  }
  auto& c = component_;
  auto done = std::move(*active_);
  active_.reset();
  handing_over_ = std::exchange(c.running, std::move(done.target));
  c.running_since = c.self->clock().now();
  c.started_at = c.running_since;
  log_info("orchestrator", "migrated ", c.spec.name,
           ": class=", c.spec.class_id, " node=", c.running->at.node,
           " instance=", c.running->instance);
  if (handing_over_)
    send_hand_over();
  c.announce();
  // Targets may have moved since the routes were fixed.
  c.patch();
  done.answer.deliver(atom::ok_v);
  begin_next();
}

void migration::send_hand_over() {
  auto& c = component_;
  assert(c.running && handing_over_);
  assert(c.running->instance != handing_over_->instance);
  c.running->predecessor = handing_over_->instance;
  c.self->send(handing_over_->at.handle, atom::hand_over_v,
               handing_over_->instance, c.where(),
               static_cast<std::uint32_t>(c.listeners.size()));
  c.self->delayed_send(c.self, limits::hand_over,
                       hand_over_timeout{c.running->instance});
}

void migration::take_over_from(const placement& at,
                               const physical_id& instance) {
  handing_over_ = placed_instance{at, instance};
  send_hand_over();
}

void migration::end_hand_over(const physical_id& successor) {
  if (component_.running && component_.running->instance == successor)
    handing_over_.reset();
}

/// Rolls back: the source is thawed, the target is stopped.
void migration::fail_active(const caf::error& x) {
  assert(active_);
  auto& c = component_;
  log_warn("orchestrator", "cannot migrate ", c.spec.name,
           ": class=", c.spec.class_id, " node=", active_->target.at.node,
           " reason=", x);
  auto failed = std::move(*active_);
  active_.reset();
  c.self->send(failed.target.at.handle, atom::stop_v, failed.target.instance);
  if (c.running && failed.at != step::prepare)
    c.self->send(c.running->at.handle, atom::thaw_v, c.running->instance);
  if (c.running && failed.at == step::activate)
    c.patch(); // the patches held back since the source was frozen
  failed.answer.deliver(x);
  if (!c.running)
    c.request_placement();
  begin_next();
}

void migration::cancel(const caf::error& x) {
  for (auto& waiting : std::exchange(queue_, {}))
    waiting.answer.deliver(x);
  if (active_)
    fail_active(x);
}

// -- failures under way -------------------------------------------------------

void migration::on_exited(const physical_id& id, const std::string& why) {
  if (targets(id))
    active_->target.ended = why;
}

bool migration::on_session_lost(const session_id& session) {
  auto problem
    = fail(ec::lost_session, "the node it was to migrate to was lost");
  if (handing_over_ && handing_over_->at.session == session)
    handing_over_.reset();
  std::erase_if(queue_, [&](auto& x) {
    if (x.to.session != session)
      return false;
    x.answer.deliver(problem);
    return true;
  });
  if (!active_)
    return false;
  if (active_->target.at.session == session) {
    fail_active(problem);
    return true;
  }
  auto& running = component_.running;
  return running && running->at.session == session
         && on_source_down("its node was lost");
}

bool migration::on_source_down(const std::string& why) {
  if (!active_)
    return false;
  auto& c = component_;
  if (active_->at == step::activate) {
    c.drop_instance(why);
    return true;
  }
  auto problem = fail(ec::lost_session, why);
  auto failed = std::move(*active_);
  active_.reset();
  c.self->send(failed.target.at.handle, atom::stop_v, failed.target.instance);
  failed.answer.deliver(problem);
  cancel(problem);
  return false;
}

bool migration::adopt(const inventory_record& record, const placement& at) {
  auto& c = component_;
  if (handing_over_ && handing_over_->instance == record.instance) {
    // The source has not received yet that it has a successor.
    handing_over_->at = at;
    c.self->send(at.handle, atom::hand_over_v, record.instance, c.where(),
                 static_cast<std::uint32_t>(c.listeners.size()));
    return true;
  }
  if (!active_)
    return false;
  if (targets(record.instance)) {
    // The target runs; only the answer was lost.
    active_->target.at = at;
    c.fetch_state(record, at);
    complete();
    return c.running && c.running->instance == record.instance;
  }
  if (c.running && c.running->instance == record.instance
      && active_->at == step::freeze) {
    // The answer to the freeze may be lost: thaw, whatever it was.
    c.running->at = at;
    fail_active(fail(ec::lost_session, "its node joined again meanwhile"));
  }
  return false;
}

} // namespace edgeless
