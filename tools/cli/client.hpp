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

/// A short-lived client of a controller or a node. For one thread.
class client {
public:
  /// With `tls`, connections are encrypted and mutually authenticated.
  explicit client(std::shared_ptr<tls_context> tls = nullptr);
  ~client();

  /// Connects to the actor published at `url`; retries a refused connection for
  /// limits::launch. The error names the URL and the reason.
  template <class Handle>
  caf::expected<Handle> dial(const std::string& url, peer_role peer) {
    auto found = dial_any(url, peer);
    if (!found)
      return found.error();
    return caf::actor_cast<Handle>(*found);
  }

  /// Sends a request and waits for the reply, at most limits::client; an error
  /// at once when the receiver is down.
  template <class Result, class Handle, class... Ts>
  caf::expected<Result> ask(const Handle& receiver, Ts&&... xs) {
    caf::expected<Result> result{fail(ec::unreachable, "no reply in time")};
    system_.spawn(
      [receiver, client = caf::actor_cast<caf::actor>(self_),
       ... xs = std::forward<Ts>(xs)](caf::event_based_actor* requester) {
        // CAF 0.17 leaves a request open if the process of the receiver dies.
        requester->monitor(receiver);
        requester->set_down_handler([=](const caf::down_msg&) {
          requester->send(client, fail(ec::unreachable,
                                       "the receiver ended before it replied"));
          requester->quit();
        });
        requester->request(receiver, limits::client, xs...)
          .then(
            [=](Result& x) {
              requester->send(client, std::move(x));
              requester->quit();
            },
            [=](caf::error& x) {
              requester->send(client, std::move(x));
              requester->quit();
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
  /// The actor, or the reason of the failure.
  std::pair<caf::strong_actor_ptr, std::string>
  dial_once(const std::string& url, peer_role peer);

  system_config config_{1};
  caf::actor_system system_{config_};
  std::unique_ptr<transport> net_;
  caf::scoped_actor self_{system_};
};

} // namespace edgeless
