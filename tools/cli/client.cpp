// SPDX-License-Identifier: MIT
#include "tools/cli/client.hpp"

#include "runtime/net/basp/basp_transport.hpp"
#include "runtime/net/socket.hpp"

#include <cerrno>

namespace edgeless {

using namespace std::chrono_literals;

client::client(std::shared_ptr<tls_context> tls) {
  disable_remote_spawn(system_);
  transport_settings settings;
  settings.tls = std::move(tls);
  // Errors are returned to the caller, not logged.
  settings.log = [](const std::string&) {
  };
  net_ = make_basp_transport(system_, std::move(settings));
}

client::~client() {
  net_.reset();
}

std::pair<caf::strong_actor_ptr, std::string>
client::dial_once(const std::string& url, peer_role peer) {
  net_->dial(url, peer_role::client, peer, "",
             caf::actor_cast<caf::strong_actor_ptr>(self_));
  std::pair<caf::strong_actor_ptr, std::string> result{nullptr,
                                                       "no reply in time"};
  self_->receive(
    [&](atom::dialled, const std::string&, caf::strong_actor_ptr& actor,
        std::string& reason) {
      result = {std::move(actor), std::move(reason)};
    },
    caf::after(limits::dial + 1s) >> [] {});
  return result;
}

caf::expected<caf::strong_actor_ptr> client::dial_any(const std::string& url,
                                                      peer_role peer) {
  if (auto parsed = parse_url(url); !parsed)
    return parsed.error();
  auto deadline = std::chrono::steady_clock::now() + limits::launch;
  auto result = dial_once(url, peer);
  while (!result.first && result.second.ends_with(cause(ECONNREFUSED))
         && std::chrono::steady_clock::now() < deadline) {
    self_->receive(caf::after(limits::launch / 20) >> [] {});
    result = dial_once(url, peer);
  }
  if (result.first)
    return std::move(result.first);
  return fail(ec::unreachable, "cannot reach " + url + ": " + result.second);
}

} // namespace edgeless
