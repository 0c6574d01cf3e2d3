// SPDX-License-Identifier: MIT
#include "actors/node/instance_registry.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <mutex>

namespace edgeless {

std::optional<local_instance>
instance_registry::find(const physical_id& instance) const {
  std::shared_lock guard{mutex_};
  if (auto i = local_instances_.find(instance); i != local_instances_.end())
    return i->second;
  return std::nullopt;
}

void instance_registry::add(const physical_id& instance, local_instance x) {
  std::unique_lock guard{mutex_};
  local_instances_.insert_or_assign(instance, std::move(x));
}

void instance_registry::remove(const physical_id& instance) {
  std::unique_lock guard{mutex_};
  local_instances_.erase(instance);
}

void instance_registry::allow_forwarding(const physical_id& instance,
                                         const node_id& predecessor) {
  std::unique_lock guard{mutex_};
  if (auto i = local_instances_.find(instance); i != local_instances_.end())
    i->second.predecessor = predecessor;
}

std::size_t instance_registry::size() const {
  std::shared_lock guard{mutex_};
  return static_cast<std::size_t>(
    std::ranges::count_if(local_instances_, [](auto& x) {
      return static_cast<bool>(x.second.component);
    }));
}

bool instance_registry::is_lost(const node_id& peer,
                                const fenced_sessions& dead) const {
  return peer && peer != self
         && std::ranges::any_of(dead, [&](auto& x) { return x.node == peer; });
}

credit_ptr instance_registry::egress_credit(const node_id& peer) {
  std::unique_lock guard{mutex_};
  if (egress_credits_.size() >= sweep_at_) {
    std::erase_if(egress_credits_, [](const auto& entry) {
      return entry.second.use_count() == 1 && entry.second->events() == 0;
    });
    sweep_at_ = std::max<std::size_t>(64, 2 * egress_credits_.size());
  }
  auto& room = egress_credits_[peer];
  if (!room)
    room
      = std::make_shared<credit>(limits::egress_events, limits::egress_bytes);
  if (closed_)
    room->close();
  return room;
}

instance_registry::backlog instance_registry::waiting() const {
  backlog result;
  std::shared_lock guard{mutex_};
  for (auto& [id, x] : local_instances_) {
    result.inbox_events += x.room->events();
    result.inbox_bytes += x.room->bytes();
  }
  result.egress_events = unrouted_credit->events();
  result.egress_bytes = unrouted_credit->bytes();
  for (auto& [peer, room] : egress_credits_) {
    result.egress_events += room->events();
    result.egress_bytes += room->bytes();
  }
  return result;
}

std::uint64_t instance_registry::close_egress() {
  std::unique_lock guard{mutex_};
  closed_ = true;
  unrouted_credit->close();
  auto sum = unrouted_credit->events();
  for (auto& [peer, room] : egress_credits_) {
    room->close();
    sum += room->events();
  }
  return sum;
}

void deliver(instance_registry& registry, const local_instance& target,
             events batch, const std::function<void(const event&)>& refuse) {
  auto reason = target.room->closed() ? drop_reason::unknown_instance
                                      : drop_reason::inbox_full;
  auto refused = [&](const event& x) {
    if (!takes_credit(x) || target.room->take(x.payload.size()))
      return false;
    // Its source sends a stream again, from this event on: no loss.
    auto is_sent_again = x.stream != 0 && reason == drop_reason::inbox_full;
    registry.counts.count_dropped(is_sent_again ? drop_reason::out_of_order
                                                : reason);
    if (x.kind == event_kind::call)
      refuse(x);
    return true;
  };
  std::erase_if(batch, refused);
  if (!batch.empty())
    caf::anon_send(target.sink, atom::deliver_v, std::move(batch));
}

event make_error_reply(const event& call, const instance_id& by,
                       call_progress progress) {
  event answer;
  answer.source = by;
  answer.kind = event_kind::error;
  answer.call = call.call;
  answer.trace = call.trace;
  answer.after = progress == call_progress::none ? 1 : 0;
  return answer;
}

void send_error_reply(instance_registry& registry, const egress_actor& egress,
                      const event& call, const instance_id& by,
                      call_progress progress) {
  if (call.source.node != registry.self)
    caf::anon_send(egress, atom::deliver_v, call.source,
                   events{make_error_reply(call, by, progress)});
  else if (auto caller = registry.find(call.source.instance))
    deliver(registry, *caller, {make_error_reply(call, by, progress)},
            [](const event&) {});
}

} // namespace edgeless
