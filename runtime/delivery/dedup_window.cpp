// SPDX-License-Identifier: MIT
#include "runtime/delivery/dedup_window.hpp"

#include "messages/limits.hpp"

#include <algorithm>

namespace edgeless {

dedup_window::stream& dedup_window::find(const key& name,
                                         std::uint64_t confirmed) {
  auto [i, is_new] = streams_.try_emplace(name);
  auto& x = i->second;
  x.used = ++uses_;
  // What its source knows to be handled, somebody has handled.
  x.taken = std::max(x.taken, confirmed);
  x.handled = std::max(x.handled, confirmed);
  if (is_new && streams_.size() > limits::streams)
    streams_.erase(std::ranges::min_element(
      streams_, {}, [](auto& entry) { return entry.second.used; }));
  return x;
}

void dedup_window::mention(const key& name, stream& x, bool asked) {
  x.asked = x.asked || asked;
  if (!std::exchange(x.news, true))
    news_.push_back(name);
}

dedup_window::verdict dedup_window::classify(const event& x) {
  key name{x.source_component, x.stream};
  auto& known = find(name, x.after);
  known.source = x.source;
  // No more than that: if its source looked what is missing, all that is under
  // way would be sent again, and answered like this again.
  if (x.number <= known.taken) {
    mention(name, known, false);
    return verdict::duplicate;
  }
  if (x.number > known.taken + 1) {
    // Told once per gap: what follows it is under way already.
    auto last = std::exchange(known.out_of_order, x.number);
    if (last == 0 || x.number <= last)
      mention(name, known, true);
    return verdict::out_of_order;
  }
  known.taken = x.number;
  known.out_of_order = 0;
  return verdict::fresh;
}

void dedup_window::handled(const receipt& x) {
  key name{x.component, x.stream};
  auto i = streams_.find(name);
  if (i == streams_.end() || i->second.handled >= x.number)
    return;
  i->second.handled = x.number;
  mention(name, i->second, false);
}

void dedup_window::learn(const event& x) {
  auto& known = find({x.source_component, x.stream}, x.number);
  known.source = x.source;
}

std::vector<event> dedup_window::all() const {
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
  for (auto& name : std::exchange(news_, {})) {
    auto i = streams_.find(name);
    if (i == streams_.end() || !std::exchange(i->second.news, false))
      continue;
    auto& x = i->second;
    event news;
    news.kind = event_kind::handled;
    news.stream = name.second;
    news.number = x.handled;
    news.after = x.taken;
    news.call = std::exchange(x.asked, false);
    result.emplace_back(x.source, std::move(news));
  }
  return result;
}

} // namespace edgeless
