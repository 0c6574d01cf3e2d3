// SPDX-License-Identifier: MIT
#include "tools/client.hpp"

#include "runtime/guarded_wire.hpp"

namespace edgeless {

using namespace std::chrono_literals;

client::client(std::shared_ptr<tls_keeper> tls) {
  harden(system_);
  wire_settings settings;
  settings.tls = std::move(tls);
  // The errors of a visit are its answer.
  settings.log = [](const std::string&) {
  };
  net_ = make_guarded_wire(system_, std::move(settings));
}

client::~client() {
  net_.reset();
}

caf::expected<caf::strong_actor_ptr> client::dial_any(const std::string& url,
                                                      peer_role peer) {
  if (auto parsed = parse_url(url); !parsed)
    return parsed.error();
  net_->dial(url, peer_role::client, peer, "",
             caf::actor_cast<caf::strong_actor_ptr>(self_));
  caf::expected<caf::strong_actor_ptr> result{
    fail(ec::unreachable, "no answer from " + url)};
  self_->receive(
    [&](atom::dialled, const std::string&, caf::strong_actor_ptr& whom,
        const std::string& reason) {
      if (whom)
        result = std::move(whom);
      else
        result = fail(ec::unreachable, "cannot reach " + url + ": " + reason);
    },
    caf::after(limits::dial + 1s) >> [] {});
  return result;
}

} // namespace edgeless
