// SPDX-License-Identifier: MIT
#pragma once

#include "actors/orchestrator/orchestrator_self.hpp"

#include "messages/interfaces.hpp"

#include <cstdint>
#include <map>
#include <utility>

namespace edgeless {

/// What an orchestrator sends to its PROXY, if it has one. It never waits for
/// the PROXY, which may hang in Redis: at most one report of each node is under
/// way, and the samples of others are counted as omitted.
class mirror_feed {
public:
  explicit mirror_feed(orchestrator_ptr self) : self_{self} {
    // nop
  }

  ~mirror_feed();

  mirror_feed(const mirror_feed&) = delete;
  mirror_feed& operator=(const mirror_feed&) = delete;

  void set_proxy(proxy_actor x) {
    proxy_ = std::move(x);
  }

  const proxy_actor& proxy() const {
    return proxy_;
  }

  template <class... Ts>
  void send(Ts&&... xs) {
    if (proxy_)
      self_->send(proxy_, std::forward<Ts>(xs)...);
  }

  void send_report(const placement& at, const node_report& report);

  /// The session has ended.
  void forget(const session_id& session) {
    reports_.erase(session);
  }

private:
  struct report_state {
    bool is_under_way = false;
    std::uint64_t omitted = 0; ///< samples since the report under way
  };

  orchestrator_ptr self_;
  proxy_actor proxy_;
  std::map<session_id, report_state> reports_;
};

} // namespace edgeless
