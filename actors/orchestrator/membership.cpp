// SPDX-License-Identifier: MIT
#include "actors/orchestrator/membership.hpp"

#include "runtime/base/log.hpp"

#include "messages/limits.hpp"
#include "messages/message_size.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <cassert>

namespace edgeless {

membership::membership(orchestrator_ptr self, std::shared_ptr<transport> net,
                       caf::timespan interval, random_source random,
                       std::shared_ptr<domain_counters> counts, callbacks on)
  : self_{self}, net_{std::move(net)}, interval_{interval},
    random_{std::move(random)}, counts_{std::move(counts)}, on_{std::move(on)} {
  assert(on_.on_joined && on_.on_lost && on_.on_report);
}

// -- joining ------------------------------------------------------------------

caf::result<welcome>
membership::join(const node_description& node, const node_actor& handle,
                 const boot_id& boot, const inventory& brought) {
  if (!node.id || !handle)
    return fail(ec::bad_input, "a node needs an id to join");
  if (auto fault = size_fault(node); !fault.empty())
    return fail(ec::bad_input, std::move(fault));
  auto promise = self_->make_response_promise<welcome>();
  request x{node, handle, boot, brought, promise};
  auto i = members_.find(node.id);
  auto is_known = i != members_.end() && i->second.boot == boot
                  && i->second.at.invocation_url == node.invocation_url;
  if (!net_ || is_known) {
    decide(std::move(x));
    return promise;
  }
  auto number = ++probes_;
  probed_.emplace(number, std::move(x));
  net_->probe(node.invocation_url, peer_role::orchestrator, peer_role::node,
              to_string(node.id), handle.node(),
              [to = orchestrator_self_actor{self_}, number](std::string fault) {
                caf::anon_send(to, reached{number, std::move(fault)});
              });
  return promise;
}

void membership::on_reached(const reached& x) {
  auto found = probed_.extract(x.number);
  assert(found);
  auto& node = found.mapped();
  if (x.fault.empty())
    decide(std::move(node));
  else
    refuse(node, "refused a node that others cannot reach",
           fail(ec::unreachable,
                "the announced address " + node.node.invocation_url
                  + " does not lead to this node (" + x.fault
                  + "): set invocation_url_announced to one that does"));
}

void membership::decide(request x) {
  auto i = members_.find(x.node.id);
  if (i == members_.end() || i->second.boot == x.boot)
    add(std::move(x));
  else
    replace_if_silent(i->second.at, std::move(x));
}

void membership::refuse(request& x, const char* why, caf::error reason) {
  throttle_("refused " + to_string(x.node.id), self_->clock().now(),
            [&](const std::string& omitted) {
              log_warn("orchestrator", why, ": node=", x.node.id,
                       " url=", x.node.invocation_url, " reason=", reason,
                       omitted);
            });
  x.promise.deliver(std::move(reason));
}

/// Another process joins under the id of a member. If the member still answers,
/// two processes have the same id; otherwise the newer one has replaced it.
void membership::replace_if_silent(const placement& old, request x) {
  // Shorter than the newcomer waits for its answer.
  auto timeout = std::min<caf::timespan>(silence_allowed(),
                                         limits::local - limits::heartbeat);
  auto waiting = std::make_shared<request>(std::move(x));
  self_->request(old.handle, timeout, atom::keep_alive_v, std::uint64_t{0})
    .then(
      [this, waiting, url = old.invocation_url](const node_report&) {
        refuse(*waiting, "refused a second node of the same id",
               fail(ec::duplicate, "node_id already in use by " + url));
      },
      [this, waiting, session = old.session](const caf::error&) {
        lose(session, "a newer process has replaced it");
        if (members_.contains(waiting->node.id))
          waiting->promise.deliver(
            fail(ec::duplicate, "another process has joined as "
                                  + to_string(waiting->node.id)));
        else
          add(std::move(*waiting));
      });
}

void membership::add(request joining) {
  auto& node = joining.node;
  auto& x = members_[node.id];
  auto former = x.at.session;
  if (former) {
    sessions_.erase(former);
    self_->demonitor(x.at.handle.address());
  }
  // Samples that the same process has sent are not requested again.
  auto samples = x.boot == joining.boot ? x.samples : 0;
  x = member{
    {node.id, draw<session_id>(random_), node.invocation_url, joining.handle},
    joining.boot};
  x.samples = samples;
  sessions_.emplace(x.at.session, node.id);
  assert(sessions_.size() == members_.size());
  counts_->nodes = members_.size();
  self_->monitor(joining.handle);
  throttle_("joined " + to_string(node.id), self_->clock().now(),
            [&](const std::string& omitted) {
              log_info("orchestrator", "a node has joined: node=", node.id,
                       " url=", node.invocation_url,
                       " instances=", joining.brought.size(), omitted);
            });
  on_.on_joined(node, x.at, former, joining.brought,
                std::move(joining.promise));
}

void membership::accept(const placement& at, std::vector<physical_id> unwanted,
                        welcome_promise promise) {
  using std::chrono::milliseconds;
  assert(find(at.session) != nullptr);
  auto interval = std::chrono::duration_cast<milliseconds>(interval_).count();
  promise.deliver(welcome{at.session, static_cast<std::uint64_t>(interval),
                          std::move(unwanted)});
  if (!fenced_.empty())
    self_->send(at.handle, atom::fence_v,
                fenced_sessions{fenced_.begin(), fenced_.end()});
}

membership::member* membership::find_member(const session_id& session) {
  auto i = sessions_.find(session);
  if (i == sessions_.end())
    return nullptr;
  auto& result = members_.at(i->second);
  assert(result.at.session == session);
  return &result;
}

const placement* membership::find(const session_id& session) const {
  auto i = sessions_.find(session);
  return i == sessions_.end() ? nullptr : &members_.at(i->second).at;
}

bool membership::admits(const session_id& session) {
  if (find(session) != nullptr)
    return true;
  ++counts_->refused;
  return false;
}

// -- losing and fencing -------------------------------------------------------

/// Takes a copy: callers pass the session of the member that is erased.
void membership::lose(session_id session, const std::string& why) {
  auto* gone = find_member(session);
  if (gone == nullptr)
    return;
  auto at = gone->at;
  self_->demonitor(at.handle.address());
  sessions_.erase(session);
  members_.erase(at.node);
  assert(sessions_.size() == members_.size());
  counts_->nodes = members_.size();
  ++counts_->nodes_lost;
  // Before a replacement is started: no node takes events of the old instance.
  fence({at.node, session});
  on_.on_lost(at, why);
}

/// The first session is fenced at once. Sessions that are lost at the same time
/// wait for the messages in the mailbox and are fenced together: a thousand
/// nodes may be behind one switch.
void membership::fence(const fenced_session& x) {
  fenced_.push_back(x);
  if (fenced_.size() > limits::fenced_sessions)
    fenced_.pop_front();
  pending_fences_.push_back(x);
  if (!std::exchange(is_fencing_, true))
    send_fences();
}

void membership::send_fences() {
  assert(is_fencing_);
  if (pending_fences_.empty()) {
    is_fencing_ = false;
    return;
  }
  auto all = std::exchange(pending_fences_, {});
  for (auto begin = all.begin(); begin != all.end();) {
    auto size = std::min<std::ptrdiff_t>(
      all.end() - begin, static_cast<std::ptrdiff_t>(limits::fenced_sessions));
    // One message for all nodes: it is built once.
    auto message
      = caf::make_message(atom::fence_v, fenced_sessions{begin, begin + size});
    for (auto& [id, x] : members_)
      caf::anon_send(caf::actor_cast<caf::actor>(x.at.handle), message);
    begin += size;
  }
  self_->send(self_, fences_due{});
}

bool membership::on_down(const caf::down_msg& x) {
  for (auto& [id, y] : members_)
    if (y.at.handle.address() == x.source) {
      lose(y.at.session, explain(x.reason));
      return true;
    }
  return false;
}

// -- keep-alive ---------------------------------------------------------------

void membership::poll() {
  detect_stall(next_poll_);
  next_poll_ = self_->clock().now() + interval_;
  for (auto& [id, x] : members_)
    if (!x.is_polled)
      poll(x, attempts::two);
}

void membership::poll(member& x, attempts left) {
  x.is_polled = true;
  auto session = x.at.session;
  auto asked = self_->clock().now();
  self_->request(x.at.handle, silence_allowed(), atom::keep_alive_v, x.samples)
    .then(
      [this, session, asked](node_report& report) {
        counts_->keep_alives.observe(self_->clock().now() - asked);
        on_report(session, report);
      },
      [this, session, asked, left](const caf::error& e) {
        detect_stall(asked + silence_allowed());
        auto* y = find_member(session);
        if (y != nullptr && left == attempts::two && last_stall_ >= asked
            && e == caf::sec::request_timeout)
          poll(*y, attempts::one);
        else
          lose(session, explain(e));
      });
}

caf::timespan membership::silence_allowed() const {
  return std::max<caf::timespan>(interval_, limits::keep_alive_min);
}

/// A timer that was due then fires late: this process, or its machine, has
/// stalled. The silence of a node may be its own stall: it polls again.
void membership::detect_stall(caf::actor_clock::time_point due) {
  auto now = self_->clock().now();
  if (now - due <= silence_allowed() / 4)
    return;
  if (now - last_stall_ > silence_allowed()) {
    counts_->stalls.fetch_add(1, std::memory_order_relaxed);
    log_warn(
      "orchestrator", "this process has stalled: milliseconds=",
      std::chrono::duration_cast<std::chrono::milliseconds>(now - due).count(),
      " reason=the machine is overloaded or was suspended");
  }
  last_stall_ = now;
}

void membership::on_report(const session_id& session, node_report& report) {
  auto* x = find_member(session);
  if (x == nullptr)
    return;
  x->is_polled = false;
  // A node sends samples again until it knows that they have arrived.
  if (std::exchange(x->samples, report.samples.number) == report.samples.number)
    report.samples = {x->samples, {}, 0, {}};
  on_.on_report(x->at, report);
}

} // namespace edgeless
