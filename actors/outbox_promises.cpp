// SPDX-License-Identifier: MIT
#include "actors/outbox.hpp"

#include <algorithm>
#include <functional>

namespace edgeless {

namespace {

/// Where a channel led, in front of its name: node, instance.
constexpr std::size_t head_size = 32;

} // namespace

// -- a channel and its target -------------------------------------------------

void outbox::promise(const std::string& name, channel& from) const {
  auto i = policies_.find(name);
  if (i == policies_.end())
    return;
  from.on_full
    = i->second.at_least_once ? full_policy::drop_newest : i->second.on_full;
  if (i->second.at_least_once)
    from.kept = std::make_unique<unconfirmed>(
      (stream_ ^ std::hash<std::string>{}(name)) | 1);
}

/// Who has not taken over from the last one knows nothing of what that had.
void outbox::turn_to(channel& from, const endpoint& to) {
  instance_id target{to.node, to.instance};
  if (!from.kept || from.target == target)
    return;
  auto took_over = to.predecessor && to.predecessor == from.target.instance;
  from.former = std::exchange(from.target, target);
  if (!took_over)
    from.kept->rewind(0);
  from.asked = clock_.now();
  from.pause = limits::unconfirmed_min;
  if (auto early = std::exchange(from.early, std::nullopt))
    hear(from, *early);
}

bool outbox::leads_to_self(const channel& from) const {
  return from.leads_to && from.leads_to->to.instance == self_.instance;
}

// -- what finds no room -------------------------------------------------------

/// Behind what waits already; where nothing more can wait, the oldest goes.
void outbox::queue_up(channel& from, event x) {
  pump(from);
  if (from.leads_to && from.held.empty() && !lacks_room(*from.leads_to, x)) {
    append(*from.leads_to, std::move(x));
    return;
  }
  auto& held = from.held;
  while (!held.empty() && !holds(from, x.payload.size())) {
    from.held_bytes -= held.front().second.payload.size();
    drop(held.front().second, drop_reason::displaced);
    held.pop_front();
  }
  from.held_bytes += x.payload.size();
  held.emplace_back(clock_.now(), std::move(x));
}

/// False: there is no room, or others wait for it.
bool outbox::block(channel& from, std::string_view payload) {
  pump(from);
  if (!from.leads_to) {
    if (!holds(from, payload.size()))
      return false;
    hood_->counts.count_sent(1);
    hold(from, make(event_kind::cast, payload));
    return true;
  }
  if (!from.held.empty())
    return false;
  auto x = make(event_kind::cast, payload);
  if (lacks_room(*from.leads_to, x))
    return false;
  hood_->counts.count_sent(1);
  append(*from.leads_to, std::move(x));
  return true;
}

/// What is kept counts as sent when it leaves, each time; or when it is clear
/// that it never will.
bool outbox::keep(channel& from, std::string_view payload, patience waiting) {
  if (!from.kept->has_room(payload.size())) {
    if (waiting == patience::some && !leads_to_self(from))
      return false;
    hood_->counts.count_sent(1);
    hood_->counts.count_dropped(drop_reason::blocked_too_long);
    return true;
  }
  from.kept->push(make(event_kind::cast, payload));
  pump(from);
  return true;
}

void outbox::pump(channel& from) {
  if (!from.leads_to || !from.promises())
    return;
  auto& via = *from.leads_to;
  for (; !from.held.empty(); from.held.pop_front()) {
    auto& x = from.held.front().second;
    if (lacks_room(via, x))
      return;
    from.held_bytes -= x.payload.size();
    append(via, std::move(x));
  }
  if (!from.kept || inheriting_)
    return;
  while (auto* x = from.kept->next()) {
    if (lacks_room(via, *x))
      return;
    if (from.kept->sent() == 0)
      from.asked = clock_.now();
    hood_->counts.count_sent(1);
    append(via, from.kept->send());
  }
}

void outbox::pump_all() {
  for (auto* from : promised_)
    pump(*from);
}

// -- what targets say ---------------------------------------------------------

void outbox::confirm(const event& x) {
  for (auto* from : promised_)
    if (from->kept && from->kept->stream() == x.stream) {
      hear(*from, x);
      pump(*from);
    }
}

/// Others cannot speak for the target. One that is not known yet may be its
/// successor, of whom we shall hear.
void outbox::hear(channel& from, const event& x) {
  if (x.source != from.target && x.source != from.former) {
    from.early = x;
    from.early->payload.clear();
    return;
  }
  auto& kept = *from.kept;
  auto base = kept.base();
  if (x.kind == event_kind::trapped) {
    if (kept.trapped(x.number)) {
      hood_->counts.count_sent(1);
      hood_->counts.count_dropped(drop_reason::poison);
    }
  } else {
    kept.confirm(x.number);
    if (x.call != 0 && x.source == from.target)
      kept.rewind(x.after + 1);
  }
  if (kept.base() == base)
    return;
  from.asked = clock_.now();
  from.pause = limits::unconfirmed_min;
}

std::optional<outbox::time_point> outbox::due() const {
  std::optional<time_point> result;
  auto include = [&](time_point when) {
    if (!result || when < *result)
      result = when;
  };
  for (auto* from : promised_) {
    if (from->kept && inheriting_)
      include(inheriting_until_);
    else if (from->leads_to
             && (!from->held.empty() || (from->kept && from->kept->next())))
      include(clock_.now() + limits::room_pause_max);
    if (from->kept && from->leads_to && from->kept->sent() > 0)
      include(from->asked + from->pause);
  }
  return result;
}

/// Links and inboxes may have dropped what is not confirmed. The answer to one
/// event tells what else has not arrived.
void outbox::retry() {
  auto now = clock_.now();
  if (inheriting_ && now >= inheriting_until_)
    end_inheritance();
  for (auto* from : promised_) {
    pump(*from);
    if (!from->kept || !from->leads_to || from->kept->sent() == 0
        || now < from->asked + from->pause)
      continue;
    from->asked = now;
    from->pause
      = std::min<caf::timespan>(2 * from->pause, limits::unconfirmed_max);
    auto x = from->kept->again();
    if (lacks_room(*from->leads_to, x))
      continue;
    hood_->counts.count_sent(1);
    append(*from->leads_to, std::move(x));
  }
}

// -- from one life to the next ------------------------------------------------

/// First the channel: its stream, what is confirmed, how many were sent; as
/// payload to whom, and its name. Then each event, and how often it trapped.
void outbox::bequeath(const std::string& name, channel& from,
                      const endpoint& to) {
  auto kept = std::exchange(from.kept, nullptr);
  auto node = to_bytes(from.target.node);
  auto instance = to_bytes(from.target.instance);
  auto head = make(event_kind::kept, {});
  head.payload.append(node.data(), node.size());
  head.payload.append(instance.data(), instance.size());
  head.payload += name;
  head.stream = kept->stream();
  head.after = kept->base();
  head.call = kept->sent();
  pass_on(to, std::move(head));
  for (std::size_t i = 0; i < kept->size(); ++i) {
    auto x = kept->at(i);
    x.kind = event_kind::kept;
    x.call = kept->traps(i);
    pass_on(to, std::move(x));
  }
}

/// The gate knows by whose node the source speaks.
void outbox::inherit(event x) {
  if (!predecessor_.instance || x.source != predecessor_)
    return;
  if (x.stream == 0) {
    end_inheritance();
    return;
  }
  if (x.number == 0)
    heir_ = x.payload.substr(std::min(head_size, x.payload.size()));
  auto i = channels_.find(heir_);
  auto* heir = i != channels_.end() && i->second.kept ? &i->second : nullptr;
  if (x.number == 0) {
    if (heir && inheriting_ && x.payload.size() > head_size)
      begin_inheritance(*heir, x);
  } else if (!heir || heir->kept->size() >= 2 * limits::unconfirmed_events) {
    hood_->counts.count_sent(1);
    hood_->counts.count_dropped(heir ? drop_reason::blocked_too_long
                                     : drop_reason::unmapped);
  } else {
    take_over(*heir, std::move(x));
  }
}

/// Whoever has taken over from the target knows what that had.
void outbox::begin_inheritance(channel& from, const event& head) {
  instance_id target{from_bytes<node_id>(head.payload.data()),
                     from_bytes<physical_id>(head.payload.data() + 16)};
  auto now = from.target;
  auto known
    = !now.instance || now == target
      || (from.leads_to && from.leads_to->to.predecessor == target.instance);
  from.kept->adopt(head.stream, head.after, known ? head.call : 0);
  from.former = target;
  if (!now.instance)
    from.target = target;
  from.asked = clock_.now();
}

/// What comes too late is sent anew, behind all others.
void outbox::take_over(channel& from, event x) {
  auto mine = make(event_kind::cast, {});
  mine.created = x.created;
  mine.trace = x.trace;
  mine.payload = std::move(x.payload);
  auto traps = std::min<std::uint64_t>(x.call, limits::traps_per_event);
  if (inheriting_)
    from.kept->inherit(std::move(mine), static_cast<std::uint32_t>(traps));
  else
    from.kept->push(std::move(mine));
}

void outbox::await_inheritance() {
  inheriting_until_ = clock_.now() + limits::barrier;
}

void outbox::end_inheritance() {
  if (!std::exchange(inheriting_, false))
    return;
  for (auto* from : promised_)
    if (from->kept)
      from->kept->settle();
  pump_all();
}

} // namespace edgeless
