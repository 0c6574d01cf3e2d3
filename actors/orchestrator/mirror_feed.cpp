// SPDX-License-Identifier: MIT
#include "actors/orchestrator/mirror_feed.hpp"

#include "messages/limits.hpp"

#include <caf/send.hpp>

namespace edgeless {

mirror_feed::~mirror_feed() {
  caf::anon_send_exit(proxy_, caf::exit_reason::user_shutdown);
}

void mirror_feed::send_report(const placement& at, const node_report& report) {
  if (!proxy_)
    return;
  auto& x = reports_[at.session];
  if (x.is_under_way) {
    for (auto& times : report.samples.times)
      x.omitted += times.seconds.size();
    x.omitted += report.samples.logs.size() + report.samples.omitted;
    return;
  }
  x.is_under_way = true;
  auto copy = report;
  copy.samples.omitted += std::exchange(x.omitted, 0);
  auto done = [this, session = at.session] {
    if (auto i = reports_.find(session); i != reports_.end())
      i->second.is_under_way = false;
  };
  self_
    ->request(proxy_, 2 * limits::local, atom::report_v, at.node,
              std::move(copy))
    .then([done](atom::ok) { done(); }, [done](const caf::error&) { done(); });
}

} // namespace edgeless
