// SPDX-License-Identifier: MIT
#include "actors/instance/outbox.hpp"

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
  from.policy = i->second;
  from.kept = std::make_unique<retransmit_buffer>(
    (stream_ ^ std::hash<std::string>{}(name)) | 1);
}

/// Who has not taken over from the last one knows nothing of what that had; who
/// has may not, either. What may have been handled is sent again to the former,
/// if it may be handled twice; if not, it is forwarded, or lost.
void outbox::turn_to(channel& from, const endpoint& to) {
  instance_id target{to.node, to.instance};
  if (!from.kept || from.target == target)
    return;
  auto took_over = to.predecessor && to.predecessor == from.target.instance;
  from.former = std::exchange(from.target, target);
  if (!from.policy.at_least_once) {
    from.kept->forget_sent();
    from.in_doubt = true;
  } else if (!took_over) {
    from.kept->rewind(0);
  }
  from.asked = clock_.now();
  from.pause = limits::retransmit_pause_min;
  if (auto early = std::exchange(from.early, std::nullopt))
    hear(from, *early);
}

bool outbox::leads_to_self(const channel& from) const {
  return from.leads_to && from.leads_to->to.instance == self_.instance;
}

// -- what finds no room -------------------------------------------------------

bool outbox::keep(channel& from, std::string_view payload, timeout waiting) {
  auto& kept = *from.kept;
  if (from.policy.displaces()) {
    make_way(from, payload.size());
  } else if (!kept.has_room(payload.size())) {
    if (waiting == timeout::some && !leads_to_self(from))
      return false;
    give_up(1, drop_reason::blocked_too_long);
    return true;
  }
  kept.push(make(event_kind::cast, payload));
  pump(from);
  return true;
}

void outbox::make_way(channel& from, std::size_t bytes) {
  while (!from.kept->may_wait(bytes) && from.kept->evict_oldest())
    give_up(1, drop_reason::evicted);
}

void outbox::pump(channel& from) {
  if (!from.kept || !from.leads_to || inheriting_)
    return;
  while (auto* x = from.kept->next()) {
    if (lacks_credit(*from.leads_to, *x))
      return;
    if (from.kept->sent() == 0)
      from.asked = clock_.now();
    registry_->counts.count_sent(1);
    append(*from.leads_to, from.kept->send());
  }
}

void outbox::pump_all() {
  for (auto* from : promised_)
    pump(*from);
}

// -- what targets say ---------------------------------------------------------

void outbox::confirm(const event& x) {
  for (auto* from : promised_)
    if (from->kept->stream() == x.stream) {
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
  if (x.kind == event_kind::trapped && from.policy.at_least_once) {
    if (kept.trapped(x.number))
      give_up(1, drop_reason::poison);
  } else {
    kept.confirm(x.number);
    // Whoever has what was sent again has been sent in vain what was sent
    // before that and is not here: it would have come first.
    auto answer = from.asked_for != 0 && x.after >= from.asked_for;
    if (answer)
      from.asked_for = 0;
    if ((x.call != 0 || answer) && x.source == from.target)
      kept.rewind(x.after + 1);
  }
  if (kept.base() == base)
    return;
  from.asked = clock_.now();
  from.pause = limits::retransmit_pause_min;
}

std::optional<outbox::time_point> outbox::due() const {
  std::optional<time_point> result;
  auto include = [&](time_point when) {
    if (!result || when < *result)
      result = when;
  };
  for (auto* from : promised_) {
    if (inheriting_)
      include(importing_until_);
    else if (from->leads_to && from->kept->next())
      include(clock_.now() + limits::credit_retry_pause);
    if (from->leads_to && from->kept->sent() > 0)
      include(from->asked + from->pause);
  }
  return result;
}

/// Links and inboxes may have dropped what is not confirmed. The answer to one
/// event tells what else has not arrived.
void outbox::retry() {
  auto now = clock_.now();
  if (inheriting_ && now >= importing_until_)
    finish_import();
  for (auto* from : promised_) {
    pump(*from);
    if (!from->leads_to || from->kept->sent() == 0
        || now < from->asked + from->pause)
      continue;
    from->asked = now;
    from->pause
      = std::min<caf::timespan>(2 * from->pause, limits::retransmit_pause_max);
    auto x = from->kept->again();
    if (lacks_credit(*from->leads_to, x))
      continue;
    from->asked_for = x.number;
    registry_->counts.count_sent(1);
    append(*from->leads_to, std::move(x));
  }
}

// -- from one life to the next ------------------------------------------------

/// First the channel: its stream, what is confirmed, how many were sent; as
/// payload to whom, and its name. Then each event, and how often it trapped.
void outbox::export_streams(const std::string& name, channel& from,
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
  head.call = kept->ever_sent();
  pass_on(to, std::move(head));
  for (std::size_t i = 0; i < kept->size(); ++i) {
    auto x = kept->at(i);
    x.kind = event_kind::kept;
    x.call = kept->traps(i);
    pass_on(to, std::move(x));
  }
}

/// The ingress knows by whose node the source speaks.
void outbox::import_streams(event x) {
  if (!predecessor_.instance || x.source != predecessor_)
    return;
  if (x.stream == 0) {
    finish_import();
    return;
  }
  if (x.number == 0)
    successor_ = x.payload.substr(std::min(head_size, x.payload.size()));
  auto i = channels_.find(successor_);
  auto* successor_outbox
    = i != channels_.end() && i->second.kept ? &i->second : nullptr;
  if (x.number == 0) {
    if (successor_outbox)
      successor_outbox->left_before = x.after + x.call;
    if (successor_outbox && inheriting_ && x.payload.size() > head_size)
      begin_inheritance(*successor_outbox, x);
  } else if (!successor_outbox
             || successor_outbox->kept->size()
                  >= 2 * limits::retransmit_events) {
    give_up(1, successor_outbox ? drop_reason::blocked_too_long
                                : drop_reason::unmapped);
  } else {
    take_over(*successor_outbox, std::move(x));
  }
}

/// Whoever has taken over from the target knows what that had.
void outbox::begin_inheritance(channel& from, const event& head) {
  instance_id target{from_bytes<node_id>(head.payload.data()),
                     from_bytes<physical_id>(head.payload.data() + 16)};
  auto now = from.target;
  auto same = !now.instance || now == target;
  auto took_over
    = from.leads_to && from.leads_to->to.predecessor == target.instance;
  from.in_doubt = !same && (!took_over || !from.policy.at_least_once);
  if (!from.in_doubt)
    from.kept->adopt(head.stream, head.after, head.call);
  else if (from.policy.at_least_once)
    from.kept->adopt(head.stream, head.after, 0);
  else
    from.kept->adopt(head.stream, from.left_before, 0);
  from.former = target;
  if (!now.instance)
    from.target = target;
  from.asked = clock_.now();
}

/// What comes too late is sent anew, behind all others; unless it was sent, and
/// may not be twice.
void outbox::take_over(channel& from, event x) {
  if (x.number <= from.left_before && !from.policy.at_least_once
      && (from.in_doubt || !inheriting_))
    return;
  auto mine = make(event_kind::cast, {});
  mine.created = x.created;
  mine.trace = x.trace;
  mine.payload = std::move(x.payload);
  auto traps = std::min<std::uint64_t>(x.call, limits::traps_per_event);
  if (inheriting_)
    from.kept->import_streams(std::move(mine),
                              static_cast<std::uint32_t>(traps));
  else
    from.kept->push(std::move(mine));
}

void outbox::await_import() {
  importing_until_ = clock_.now() + limits::marker;
}

void outbox::finish_import() {
  if (!std::exchange(inheriting_, false))
    return;
  for (auto* from : promised_)
    from->kept->settle();
  pump_all();
}

} // namespace edgeless
