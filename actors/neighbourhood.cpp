// SPDX-License-Identifier: MIT
#include "actors/neighbourhood.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <mutex>

namespace edgeless {

std::optional<resident> neighbourhood::find(const physical_id& instance) const {
  std::shared_lock guard{mutex_};
  if (auto i = residents_.find(instance); i != residents_.end())
    return i->second;
  return std::nullopt;
}

void neighbourhood::add(const physical_id& instance, resident who) {
  std::unique_lock guard{mutex_};
  residents_.insert_or_assign(instance, std::move(who));
}

void neighbourhood::remove(const physical_id& instance) {
  std::unique_lock guard{mutex_};
  residents_.erase(instance);
}

void neighbourhood::admit(const physical_id& instance,
                          const node_id& predecessor) {
  std::unique_lock guard{mutex_};
  if (auto i = residents_.find(instance); i != residents_.end())
    i->second.predecessor = predecessor;
}

std::size_t neighbourhood::size() const {
  std::shared_lock guard{mutex_};
  return residents_.size();
}

quota_ptr neighbourhood::link_room(const node_id& peer) {
  std::unique_lock guard{mutex_};
  if (link_rooms_.size() >= sweep_at_) {
    std::erase_if(link_rooms_, [](const auto& entry) {
      return entry.second.use_count() == 1 && entry.second->events() == 0;
    });
    sweep_at_ = std::max<std::size_t>(64, 2 * link_rooms_.size());
  }
  auto& room = link_rooms_[peer];
  if (!room)
    room = std::make_shared<quota>(limits::link_events, limits::link_bytes);
  if (closed_)
    room->close();
  return room;
}

neighbourhood::backlog neighbourhood::waiting() const {
  backlog result;
  std::shared_lock guard{mutex_};
  for (auto& [id, x] : residents_) {
    result.inbox_events += x.room->events();
    result.inbox_bytes += x.room->bytes();
  }
  for (auto& [peer, room] : link_rooms_) {
    result.link_events += room->events();
    result.link_bytes += room->bytes();
  }
  return result;
}

std::uint64_t neighbourhood::close_links() {
  std::unique_lock guard{mutex_};
  closed_ = true;
  std::uint64_t sum = 0;
  for (auto& [peer, room] : link_rooms_) {
    room->close();
    sum += room->events();
  }
  return sum;
}

void deliver(neighbourhood& hood, const resident& target, events batch,
             const std::function<void(const event&)>& refuse) {
  auto reason = target.room->closed() ? drop_reason::unknown_instance
                                      : drop_reason::inbox_full;
  auto refused = [&](const event& x) {
    if (!takes_room(x) || target.room->take(x.payload.size()))
      return false;
    hood.counts.count_dropped(reason);
    if (x.kind == event_kind::call)
      refuse(x);
    return true;
  };
  std::erase_if(batch, refused);
  if (!batch.empty())
    caf::anon_send(target.sink, atom::deliver_v, std::move(batch));
}

event failed_call(const event& call, const instance_id& by) {
  event answer;
  answer.source = by;
  answer.kind = event_kind::error;
  answer.call = call.call;
  answer.trace = call.trace;
  return answer;
}

void answer_failed(neighbourhood& hood, const links_actor& links,
                   const event& call, const instance_id& by) {
  if (call.source.node != hood.self)
    caf::anon_send(links, atom::deliver_v, call.source,
                   events{failed_call(call, by)});
  else if (auto caller = hood.find(call.source.instance))
    deliver(hood, *caller, {failed_call(call, by)}, [](const event&) {});
}

} // namespace edgeless
