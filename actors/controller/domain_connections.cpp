// SPDX-License-Identifier: MIT
#include "actors/controller/domain_connections.hpp"

#include "actors/gather.hpp"

#include "runtime/base/log.hpp"

#include "messages/message_size.hpp"

#include <caf/actor_cast.hpp>

namespace edgeless {

namespace {

constexpr auto log_name = "controller";

} // namespace

void domain_connections::add(const domain_address& x) {
  auto& y = all_[x.domain_id];
  y.url = x.orchestrator_url;
  y.last.id = x.domain_id;
  y.gone_since = self_->clock().now();
  dial(x.domain_id);
}

void domain_connections::dial(const std::string& id) {
  net_->dial(all_[id].url, peer_role::controller, peer_role::orchestrator, id,
             caf::actor_cast<caf::strong_actor_ptr>(self_));
}

void domain_connections::on_dialled(const std::string& url,
                                    const caf::strong_actor_ptr& found,
                                    const std::string& reason) {
  for (auto& [id, x] : all_) {
    if (x.url != url || x.handle)
      continue;
    if (found)
      attach(id, caf::actor_cast<orchestrator_actor>(found));
    else
      on_unreachable(id, reason);
  }
}

void domain_connections::attach(const std::string& id,
                                const orchestrator_actor& found) {
  self_
    ->request(found, limits::local, atom::attach_v, id,
              controller_link_actor{self_})
    .then(
      [this, id, found](const domain_description& description) {
        auto& x = all_[id];
        x.handle = found;
        x.last = description;
        x.attempts = 0;
        self_->monitor(found);
        throttle_("attached " + id, self_->clock().now(),
                  [&](const std::string& omitted) {
                    log_info(log_name, "attached a domain: domain=", id,
                             " url=", x.url, " nodes=", description.nodes,
                             omitted);
                  });
        on_attached_(id);
      },
      [this, id](const caf::error& x) { on_unreachable(id, explain(x)); });
}

void domain_connections::on_unreachable(const std::string& id,
                                        const std::string& reason) {
  auto& x = all_[id];
  if (x.handle) {
    x.handle = nullptr;
    x.gone_since = self_->clock().now();
  }
  x.last.attached = false;
  if (x.attempts++ == 0)
    throttle_(
      "away " + id, self_->clock().now(), [&](const std::string& omitted) {
        log_warn(log_name, "cannot reach a domain, trying again: domain=", id,
                 " url=", x.url, " reason=", reason, omitted);
      });
  auto pause = limits::redial + std::chrono::milliseconds{random_() % 100};
  self_->delayed_send(self_, pause, redial{id});
}

void domain_connections::on_down(const caf::down_msg& x) {
  for (auto& [id, y] : all_)
    if (y.handle && y.handle.address() == x.source)
      on_unreachable(id, explain(x.reason));
}

caf::result<std::vector<domain_description>> domain_connections::describe() {
  using list = std::vector<domain_description>;
  auto result = self_->make_response_promise<list>();
  list known;
  for (auto& [id, x] : all_)
    known.push_back(x.last);
  gather<list> all{std::move(known), [result](list& x) mutable {
                     for (auto& y : x)
                       shorten(y, limits::domain_descriptions / x.size());
                     result.deliver(std::move(x));
                   }};
  std::size_t i = 0;
  for (auto& [id, x] : all_) {
    auto at = i++;
    if (x.handle)
      all.add<domain_description>(
        self_->request(x.handle, limits::local, atom::describe_v),
        [at](list& y, domain_description& z) { y[at] = std::move(z); },
        [](list&, const caf::error&) { /* the last known one */ });
  }
  all.close();
  return result;
}

orchestrator_actor domain_connections::attached(const std::string& id) const {
  auto i = all_.find(id);
  return i != all_.end() ? i->second.handle : orchestrator_actor{};
}

} // namespace edgeless
