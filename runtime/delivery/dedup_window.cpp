// SPDX-License-Identifier: MIT
#include "runtime/delivery/dedup_window.hpp"

#include "messages/limits.hpp"

#include <algorithm>
#include <cassert>

namespace edgeless {

/// `acknowledged`: the source knows that all events up to this number have been
/// handled, here or by another receiver.
dedup_window::stream& dedup_window::find(const key& name,
                                         std::uint64_t acknowledged) {
  auto [i, is_new] = streams_.try_emplace(name);
  auto& x = i->second;
  x.used = ++uses_;
  x.accepted = std::max(x.accepted, acknowledged);
  x.handled = std::max(x.handled, acknowledged);
  if (is_new && streams_.size() > limits::streams)
    streams_.erase(std::ranges::min_element(
      streams_, {}, [](auto& entry) { return entry.second.used; }));
  assert(x.handled <= x.accepted);
  assert(streams_.size() <= limits::streams);
  return x;
}

void dedup_window::queue_ack(const key& name, stream& x, bool gap) {
  x.gap = x.gap || gap;
  if (!std::exchange(x.ack_pending, true))
    pending_acks_.push_back(name);
}

dedup_window::verdict dedup_window::classify(const event& x) {
  key name{x.source_component, x.stream};
  auto& known = find(name, x.after);
  known.source = x.source;
  // A duplicate does not report a gap: the source would send all events in
  // flight again, and those would be duplicates, too.
  if (x.number <= known.accepted) {
    queue_ack(name, known, false);
    return verdict::duplicate;
  }
  if (x.number > known.accepted + 1) {
    // Each gap is reported once: the events behind it are in flight already.
    auto last = std::exchange(known.out_of_order, x.number);
    if (last == 0 || x.number <= last)
      queue_ack(name, known, true);
    return verdict::out_of_order;
  }
  known.accepted = x.number;
  known.out_of_order = 0;
  return verdict::fresh;
}

void dedup_window::handled(const receipt& x) {
  key name{x.component, x.stream};
  auto i = streams_.find(name);
  if (i == streams_.end() || i->second.handled >= x.number)
    return;
  i->second.handled = x.number;
  queue_ack(name, i->second, false);
}

void dedup_window::import_stream(const event& x) {
  auto& known = find({x.source_component, x.stream}, x.number);
  known.source = x.source;
}

std::vector<event> dedup_window::export_all() const {
  std::vector<std::pair<std::uint64_t, event>> found;
  for (auto& [name, x] : streams_) {
    event known;
    known.kind = event_kind::known;
    known.source = x.source;
    known.source_component = name.first;
    known.stream = name.second;
    known.number = x.handled;
    found.emplace_back(x.used, std::move(known));
  }
  std::ranges::sort(found, {}, [](auto& x) { return x.first; });
  std::vector<event> result;
  for (auto& [used, x] : found)
    result.push_back(std::move(x));
  return result;
}

std::vector<std::pair<instance_id, event>> dedup_window::drain_acks() {
  std::vector<std::pair<instance_id, event>> result;
  for (auto& name : std::exchange(pending_acks_, {})) {
    auto i = streams_.find(name);
    if (i == streams_.end() || !std::exchange(i->second.ack_pending, false))
      continue;
    auto& x = i->second;
    event ack;
    ack.kind = event_kind::handled;
    ack.stream = name.second;
    ack.number = x.handled;
    ack.after = x.accepted;
    ack.call = std::exchange(x.gap, false);
    result.emplace_back(x.source, std::move(ack));
  }
  return result;
}

} // namespace edgeless
