// SPDX-License-Identifier: MIT
#include "actors/instance/reliable_channels.hpp"

#include <algorithm>
#include <cassert>

namespace edgeless {

namespace {

/// The payload of an export header: the node and the instance of the target,
/// 16 bytes each, then the name of the channel.
constexpr std::size_t header_size = 32;

} // namespace

reliable_channels::reliable_channels(event_sender& sender,
                                     caf::actor_clock& clock,
                                     channel_policies policies,
                                     std::uint64_t seed)
  : sender_{sender}, clock_{clock}, policies_{std::move(policies)}, seed_{
                                                                      seed} {
  // nop
}

reliable_channels::channel* reliable_channels::add(const std::string& name) {
  auto i = policies_.find(name);
  if (i == policies_.end())
    return nullptr;
  auto stream = (seed_ ^ std::hash<std::string>{}(name)) | 1;
  auto [place, is_new]
    = channels_.emplace(name, channel{i->second, retransmit_buffer{stream}});
  assert(is_new);
  return &place->second;
}

void reliable_channels::remove(const std::string& name, drop_reason reason) {
  auto gone = channels_.extract(name);
  if (!gone.empty())
    sender_.drop_unsent(gone.mapped().buffer.unsent(), reason);
}

void reliable_channels::clear(drop_reason reason) {
  for (auto& [name, gone] : std::exchange(channels_, {}))
    sender_.drop_unsent(gone.buffer.unsent(), reason);
}

/// A successor of the former target knows what that one had received. Any other
/// target does not: unacknowledged events are sent again if they may be handled
/// twice, and forgotten if not.
void reliable_channels::set_target(channel& to, route* via) {
  to.via = via;
  if (!via)
    return;
  instance_id target{via->to.node, via->to.instance};
  if (to.target == target)
    return;
  auto is_successor
    = via->to.predecessor && via->to.predecessor == to.target.instance;
  to.former_target = std::exchange(to.target, target);
  if (!to.policy.at_least_once) {
    to.buffer.forget_sent();
    to.in_doubt = true;
  } else if (!is_successor) {
    to.buffer.rewind(0);
  }
  restart_back_off(to);
  if (auto early = std::exchange(to.early_ack, std::nullopt))
    acknowledge(to, *early);
}

void reliable_channels::restart_back_off(channel& to) {
  to.progress = clock_.now();
  to.back_off = limits::retransmit_pause_min;
}

bool reliable_channels::is_loop(const channel& to) const {
  return to.via && to.via->to.instance == sender_.self().instance;
}

// -- sending ------------------------------------------------------------------

bool reliable_channels::offer(channel& to, std::string_view payload,
                              blocking mode) {
  auto& buffer = to.buffer;
  if (to.policy.evicts_oldest()) {
    while (!buffer.may_wait(payload.size()) && buffer.evict_oldest())
      sender_.drop_unsent(1, drop_reason::evicted);
  } else if (!buffer.has_room(payload.size())) {
    // An instance that waits for itself would wait for ever.
    if (mode == blocking::allowed && !is_loop(to))
      return false;
    sender_.drop_unsent(1, drop_reason::blocked_too_long);
    return true;
  }
  buffer.push(sender_.make(event_kind::cast, payload));
  pump(to);
  return true;
}

void reliable_channels::pump(channel& to) {
  if (!to.via || importing_)
    return;
  while (auto* x = to.buffer.next()) {
    if (sender_.take_credit(*to.via, *x))
      return;
    if (to.buffer.sent() == 0)
      to.progress = clock_.now();
    if (to.buffer.is_next_repeated())
      sender_.registry().counts.count_retransmitted();
    else
      sender_.registry().counts.count_sent(1);
    sender_.append(*to.via, to.buffer.send());
  }
}

void reliable_channels::pump() {
  for (auto& [name, to] : channels_)
    pump(to);
}

// -- acknowledgements ---------------------------------------------------------

void reliable_channels::on_ack(const event& x) {
  for (auto& [name, to] : channels_)
    if (to.buffer.stream() == x.stream) {
      acknowledge(to, x);
      pump(to);
    }
}

void reliable_channels::acknowledge(channel& to, const event& x) {
  if (x.source != to.target && x.source != to.former_target) {
    to.early_ack = x;
    to.early_ack->payload.clear();
    return;
  }
  auto& buffer = to.buffer;
  auto base = buffer.base();
  if (x.kind == event_kind::trapped && to.policy.at_least_once) {
    if (buffer.on_trap(x.number))
      sender_.drop_unsent(1, drop_reason::poison);
  } else {
    buffer.acknowledge(x.number);
    // The probe has arrived: the target would have received the other events
    // in flight before it, so that they were lost.
    auto answers_probe = to.probe != 0 && x.after >= to.probe;
    if (answers_probe)
      to.probe = 0;
    if ((x.call != 0 || answers_probe) && x.source == to.target)
      buffer.rewind(x.after + 1);
  }
  assert(buffer.base() >= base);
  if (buffer.base() != base)
    restart_back_off(to);
}

std::optional<reliable_channels::time_point> reliable_channels::due() const {
  std::optional<time_point> result;
  if (importing_ && !channels_.empty())
    result = import_deadline_;
  for (auto& [name, to] : channels_) {
    if (!importing_ && to.via && to.buffer.next())
      result = earlier(
        result, std::optional{clock_.now() + limits::credit_retry_pause});
    if (to.via && to.buffer.sent() > 0)
      result = earlier(result, std::optional{to.progress + to.back_off});
  }
  return result;
}

void reliable_channels::retry() {
  auto now = clock_.now();
  if (importing_ && now >= import_deadline_)
    finish_import();
  for (auto& [name, to] : channels_) {
    pump(to);
    if (!to.via || to.buffer.sent() == 0 || now < to.progress + to.back_off)
      continue;
    to.progress = now;
    to.back_off
      = std::min<caf::timespan>(2 * to.back_off, limits::retransmit_pause_max);
    auto x = to.buffer.first();
    if (sender_.take_credit(*to.via, x))
      continue;
    to.probe = x.number;
    sender_.registry().counts.count_retransmitted();
    sender_.append(*to.via, std::move(x));
  }
}

// -- migration ----------------------------------------------------------------

void reliable_channels::succeed(const instance_id& predecessor) {
  predecessor_ = predecessor;
  importing_ = true;
  import_deadline_ = clock_.now() + limits::node_start;
}

void reliable_channels::await_import() {
  import_deadline_ = clock_.now() + limits::marker;
}

/// Per channel a header: the stream, the acknowledged number as `after`, the
/// number of sent events as `call`. Then each event, with its number of traps
/// as `call`. An event without stream ends the export.
void reliable_channels::export_to(const endpoint& successor) {
  if (channels_.empty())
    return;
  for (auto& [name, from] : channels_) {
    auto node = to_bytes(from.target.node);
    auto instance = to_bytes(from.target.instance);
    auto header = sender_.make(event_kind::kept);
    header.payload.append(node.data(), node.size());
    header.payload.append(instance.data(), instance.size());
    header.payload += name;
    header.stream = from.buffer.stream();
    header.after = from.buffer.base();
    header.call = from.buffer.ever_sent();
    sender_.forward(successor, std::move(header));
    for (std::size_t i = 0; i < from.buffer.size(); ++i) {
      auto x = from.buffer.at(i);
      x.kind = event_kind::kept;
      x.call = from.buffer.traps(i);
      sender_.forward(successor, std::move(x));
    }
  }
  sender_.forward(successor, sender_.make(event_kind::kept));
  channels_.clear();
  policies_.clear();
}

/// INGRESS has checked that the source belongs to the node that sent the event.
void reliable_channels::import_event(event x) {
  if (!predecessor_.instance || x.source != predecessor_)
    return;
  if (x.stream == 0) {
    finish_import();
    return;
  }
  auto is_header = x.number == 0;
  if (is_header)
    import_channel_ = x.payload.substr(std::min(header_size, x.payload.size()));
  auto i = channels_.find(import_channel_);
  if (i == channels_.end()) {
    if (!is_header)
      sender_.drop_unsent(1, drop_reason::unmapped);
  } else if (auto& to = i->second; is_header) {
    to.sent_before = x.after + x.call;
    if (importing_ && x.payload.size() > header_size)
      begin_import(to, x);
  } else if (to.buffer.size() >= 2 * limits::retransmit_events) {
    sender_.drop_unsent(1, drop_reason::blocked_too_long);
  } else {
    import_into(to, std::move(x));
  }
}

/// The predecessor's target, and a successor of it, know what was sent.
void reliable_channels::begin_import(channel& to, const event& header) {
  instance_id target{from_bytes<node_id>(header.payload.data()),
                     from_bytes<physical_id>(header.payload.data() + 16)};
  auto is_same = !to.target.instance || to.target == target;
  auto is_successor = to.via && to.via->to.predecessor == target.instance;
  to.in_doubt = !is_same && (!is_successor || !to.policy.at_least_once);
  if (!to.in_doubt)
    to.buffer.begin_import(header.stream, header.after, header.call);
  else if (to.policy.at_least_once)
    to.buffer.begin_import(header.stream, header.after, 0);
  else
    to.buffer.begin_import(header.stream, to.sent_before, 0);
  to.former_target = target;
  if (!to.target.instance)
    to.target = target;
  to.progress = clock_.now();
}

/// An event that comes after the deadline is appended to the others, unless it
/// was sent and may not be sent twice.
void reliable_channels::import_into(channel& to, event x) {
  if (x.number <= to.sent_before && !to.policy.at_least_once
      && (to.in_doubt || !importing_))
    return;
  auto own = sender_.make(event_kind::cast);
  own.created = x.created;
  own.trace = x.trace;
  own.payload = std::move(x.payload);
  auto traps = std::min<std::uint64_t>(x.call, limits::traps_per_event);
  if (importing_)
    to.buffer.import_event(std::move(own), static_cast<std::uint32_t>(traps));
  else
    to.buffer.push(std::move(own));
}

void reliable_channels::finish_import() {
  if (!std::exchange(importing_, false))
    return;
  for (auto& [name, to] : channels_)
    to.buffer.finish_import();
  pump();
}

} // namespace edgeless
