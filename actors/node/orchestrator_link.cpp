// SPDX-License-Identifier: MIT
#include "actors/node/orchestrator_link.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/sha256.hpp"

#include "messages/limits.hpp"

#include <caf/actor_cast.hpp>

#include <cassert>

namespace edgeless {

namespace {

/// The orchestrator is lost after this many intervals without a keep-alive.
constexpr int max_silent_intervals = 3;

} // namespace

void orchestrator_link::open(dependencies x) {
  assert(node_.self == nullptr && x.self != nullptr);
  node_ = std::move(x);
  boot_ = draw<boot_id>(node_.random);
  dial();
}

void orchestrator_link::close() {
  is_closed_ = true;
}

void orchestrator_link::dial() {
  if (orchestrator_ || is_dialling_ || is_closed_)
    return;
  is_dialling_ = true;
  node_.net->dial(node_.url, peer_role::node, peer_role::orchestrator, "",
                  caf::actor_cast<caf::strong_actor_ptr>(node_.self));
}

void orchestrator_link::on_dialled(const caf::strong_actor_ptr& orchestrator,
                                   const std::string& reason) {
  is_dialling_ = false;
  if (!orchestrator) {
    on_lost(reason);
    return;
  }
  orchestrator_ = caf::actor_cast<orchestrator_actor>(orchestrator);
  node_.self->monitor(orchestrator_);
  join();
}

void orchestrator_link::join() {
  auto asked = orchestrator_;
  auto joined_with = node_.running();
  node_.self
    ->request(asked, limits::local + limits::reach, atom::join_v,
              node_.description, node_actor{node_.self}, boot_, joined_with)
    .then(
      [this, asked, joined_with](const welcome& x) {
        if (asked != orchestrator_)
          return;
        on_welcome(x);
        node_.on_joined(x, joined_with);
      },
      [this, asked](const caf::error& x) {
        if (asked == orchestrator_)
          on_lost(explain(x), true);
      });
}

void orchestrator_link::on_welcome(const welcome& x) {
  assert(x.session && orchestrator_);
  refusals_.reset();
  session_ = x.session;
  keep_alive_interval_ = std::chrono::milliseconds{x.keep_alive_ms};
  last_keep_alive_ = node_.self->clock().now();
  throttle_("joined", last_keep_alive_, [&](const std::string& omitted) {
    log_info("node", "joined orchestrator=", node_.url, " session=", session_,
             " replaced_instances=", x.stop.size(), omitted);
  });
}

void orchestrator_link::on_lost(const std::string& reason, bool is_refused) {
  if (is_closed_)
    return;
  throttle_(reason, node_.self->clock().now(), [&](const std::string& omitted) {
    log_warn("node", "not joined, retrying: orchestrator=", node_.url,
             " reason=", reason, omitted);
  });
  if (orchestrator_)
    node_.self->demonitor(orchestrator_.address());
  orchestrator_ = nullptr;
  // The jitter keeps the nodes of a domain from dialling all at once.
  caf::timespan pause = is_refused ? refusals_.fail() : limits::redial;
  pause += std::chrono::milliseconds{node_.random() % 100};
  node_.self->delayed_send(node_.self, pause, atom::retry_v);
}

bool orchestrator_link::on_down(const caf::down_msg& x) {
  if (!orchestrator_ || x.source != orchestrator_.address())
    return false;
  on_lost("the connection is broken");
  return true;
}

void orchestrator_link::on_keep_alive() {
  last_keep_alive_ = node_.self->clock().now();
}

void orchestrator_link::check_keep_alive() {
  if (!orchestrator_ || keep_alive_interval_.count() == 0)
    return;
  auto timeout
    = max_silent_intervals
      * std::max<caf::timespan>(keep_alive_interval_, limits::keep_alive_min);
  if (node_.self->clock().now() - last_keep_alive_ > timeout)
    on_lost("no keep-alive within " + std::to_string(max_silent_intervals)
            + " intervals");
}

void orchestrator_link::report_exit(const logical_id& component,
                                    const physical_id& instance,
                                    const std::string& reason) {
  if (orchestrator_)
    node_.self->send(orchestrator_, atom::exited_v, session_, component,
                     instance, reason);
}

bool orchestrator_link::report_state(const logical_id& component,
                                     const physical_id& instance,
                                     const std::string& state) {
  if (!orchestrator_)
    return false;
  node_.self->send(orchestrator_, atom::synced_v, session_, component, instance,
                   state);
  return true;
}

// -- modules ------------------------------------------------------------------

caf::result<std::string> orchestrator_link::fetch(const code_id& code) {
  if (!orchestrator_)
    return fail(ec::unreachable, "no orchestrator to fetch the module from");
  auto promise = node_.self->make_response_promise<std::string>();
  fetch_part(code, {}, promise);
  return promise;
}

void orchestrator_link::fetch_part(
  const code_id& code, std::string so_far,
  caf::typed_response_promise<std::string> promise) {
  node_.self
    ->request(orchestrator_, limits::local, atom::fetch_v, code,
              std::uint64_t{so_far.size()})
    .then(
      [this, code, so_far, promise](const code_part& x) mutable {
        so_far += x.bytes;
        auto is_valid = x.size <= limits::module && so_far.size() <= x.size
                        && !x.bytes.empty();
        if (is_valid && so_far.size() < x.size && orchestrator_)
          fetch_part(code, std::move(so_far), promise);
        else if (is_valid && sha256(so_far) == code)
          promise.deliver(std::move(so_far));
        else
          promise.deliver(
            fail(ec::unknown_code,
                 "module " + code + " does not match its SHA-256 or size"));
      },
      [promise](const caf::error& x) mutable { promise.deliver(x); });
}

} // namespace edgeless
