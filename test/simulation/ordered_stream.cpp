// SPDX-License-Identifier: MIT
#include "test/simulation/ordered_stream.hpp"

#include "test/simulation/cluster.hpp"

#include <cassert>
#include <utility>

namespace edgeless::test {

void ordered_stream::start() {
  auto& scripts = cluster_.scripts;
  scripts["counter"] = [this](guest_host& host, const guest_event& x) -> step {
    auto count = x.payload == "again" ? 5 : x.payload == "more" ? 1 : 0;
    for (; count > 0; --count)
      host.cast("out", std::to_string(++sent_) + cluster_.fencing.stamp(host));
    if (x.payload != "more")
      (void)host.delayed_cast(300ms, "self", "again");
    return {};
  };
  scripts["pass"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind != hook::cast)
      return {};
    cluster_.fencing.inspect(host, x.payload);
    host.cast("out", std::to_string(std::stoull(x.payload))
                       + cluster_.fencing.stamp(host));
    return {};
  };
  scripts["order"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind != hook::cast)
      return {};
    cluster_.fencing.inspect(host, x.payload);
    auto number = std::stoull(x.payload);
    assert(number <= sent_);
    duplicates_ += !received_.insert(number).second;
    // After a lost session two instances run for a while, each with an order of
    // its own.
    out_of_order_ += !cluster_.session_lost
                     && number <= std::exchange(last_received_, number);
    return {};
  };
  std::map<std::string, std::string> policy;
  if (cluster_.setup.blocks_when_full)
    policy = {{"on_full.out", "block"}};
  components_ = cluster_.start_workflow(
    {function("n0", "counter", {{"out", "n1"}}, policy),
     function("n1", "pass", {{"out", "n2"}}, policy), function("n2", "order")});
}

void ordered_stream::enqueue_sends(int count) {
  cluster_.enqueue(components_.front().id, "more", count);
}

} // namespace edgeless::test
