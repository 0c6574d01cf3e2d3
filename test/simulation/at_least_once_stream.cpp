// SPDX-License-Identifier: MIT
#include "test/simulation/at_least_once_stream.hpp"

#include "test/simulation/cluster.hpp"

#include <algorithm>
#include <cassert>

namespace edgeless::test {

void at_least_once_stream::start() {
  auto& scripts = cluster_.scripts;
  scripts["at_least_once"]
    = [this](guest_host& host, const guest_event& x) -> step {
    if (x.payload == "die") {
      // A sender's promises end when it crashes.
      sent_.clear();
      return trap{"told to die"};
    }
    auto again = x.kind == hook::init || x.payload == "again";
    auto count = x.payload == "more" ? 1 : again && sending_ ? 3 : 0;
    for (; count > 0; --count) {
      sent_[host.self().instance].insert(++last_sent_);
      host.cast("out", std::to_string(last_sent_));
    }
    if (again)
      (void)host.delayed_cast(300ms, "self", "again");
    return {};
  };
  scripts["keep"] = [this](guest_host&, const guest_event& x) -> step {
    if (x.payload == "die")
      return trap{"told to die"};
    if (x.kind != hook::cast || x.payload == "x")
      return {};
    auto number = std::stoull(x.payload);
    assert(number <= last_sent_);
    return call_step{"ask", x.payload, [this, number](call_result) -> step {
                       duplicates_ += !handled_.insert(number).second;
                       return {};
                     }};
  };
  components_ = cluster_.start_workflow(
    {function("v0", "at_least_once", {{"out", "v1"}},
              {{"delivery.out", "at-least-once"}}),
     function("v1", "keep", {{"ask", "v2"}}), function("v2", "server")});
  if (cluster_.setup.at_least_once_ends_crash)
    cluster_.functions.insert(cluster_.functions.end(), components_.begin(),
                              components_.end());
}

void at_least_once_stream::enqueue_sends(int count) {
  if (!components_.empty())
    cluster_.enqueue(components_[0].id, "more", count);
}

void at_least_once_stream::crash_sink() {
  for (auto k = cluster_.random() % 4; k < 8; ++k) {
    enqueue_sends(3);
    cluster_.run(static_cast<int>(cluster_.random() % 8));
    if (k == 5)
      cluster_.enqueue(components_[1].id, "die", 1);
  }
}

bool at_least_once_stream::has_delivered(bool ended_too) const {
  return std::ranges::all_of(sent_, [&](auto& x) {
    auto& [sender, numbers] = x;
    auto promised = ended_too || cluster_.node_of(sender) != "nowhere";
    return !promised || std::ranges::includes(handled_, numbers);
  });
}

} // namespace edgeless::test
