// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/caf_system.hpp"
#include "runtime/net/tls_context.hpp"
#include "runtime/net/transport.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>

#include <memory>
#include <string>
#include <utility>

namespace edgeless {

/// A short visit to a controller or a node: dial, ask, leave.
class client {
public:
  /// `tls`: with it, the visit is encrypted, and both sides say who they are.
  explicit client(std::shared_ptr<tls_context> tls = nullptr);
  ~client();

  /// Reaches whoever listens at `url`, or will within limits::launch. An error
  /// names it and the reason.
  template <class Handle>
  caf::expected<Handle> dial(const std::string& url, peer_role peer) {
    auto whom = dial_any(url, peer);
    if (!whom)
      return whom.error();
    return caf::actor_cast<Handle>(*whom);
  }

  /// Asks and waits, for at most limits::client; not for somebody who is gone.
  template <class Result, class Handle, class... Ts>
  caf::expected<Result> ask(const Handle& whom, Ts&&... xs) {
    caf::expected<Result> result{fail(ec::unreachable, "no answer")};
    system_.spawn([whom, asker = caf::actor_cast<caf::actor>(self_),
                   ... xs
                   = std::forward<Ts>(xs)](caf::event_based_actor* courier) {
      // CAF leaves a request open if the receiver's process dies.
      courier->monitor(whom);
      courier->set_down_handler([=](const caf::down_msg&) {
        courier->send(asker,
                      fail(ec::unreachable, "it ended before it had answered"));
        courier->quit();
      });
      courier->request(whom, limits::client, xs...)
        .then(
          [=](Result& x) {
            courier->send(asker, std::move(x));
            courier->quit();
          },
          [=](caf::error& x) {
            courier->send(asker, std::move(x));
            courier->quit();
          });
    });
    self_->receive([&](Result& x) { result = std::move(x); },
                   [&](caf::error& x) { result = std::move(x); },
                   caf::after(limits::client + limits::local) >> [] {});
    return result;
  }

private:
  caf::expected<caf::strong_actor_ptr> dial_any(const std::string& url,
                                                peer_role peer);
  /// The peer, or why not.
  std::pair<caf::strong_actor_ptr, std::string>
  dial_once(const std::string& url, peer_role peer);

  system_config config_{1};
  caf::actor_system system_{config_};
  std::unique_ptr<transport> net_;
  caf::scoped_actor self_{system_};
};

} // namespace edgeless
