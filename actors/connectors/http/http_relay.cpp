// SPDX-License-Identifier: MIT
#include "actors/connectors/http/http_relay.hpp"

#include "actors/connectors/http/http_exchange.hpp"

#include <chrono>

namespace edgeless {

namespace {

/// The node's own instance, which only sends.
class relay_instance : public resource {
public:
  explicit relay_instance(std::function<void(outlet_ptr)> opened)
    : opened_{std::move(opened)} {
    // nop
  }
  void set_outlet(outlet_ptr x) override {
    opened_(std::move(x));
  }
  caf::error open() override {
    return caf::none;
  }
  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    return {batch.size(),
            caf::error{fail(ec::bad_input, "a relay handles no events")}};
  }

private:
  std::function<void(outlet_ptr)> opened_;
};

} // namespace

http_relay::http_relay(std::shared_ptr<http_router> router)
  : router_{std::move(router)} {
  // nop
}

resource_ptr http_relay::make() {
  return std::make_unique<relay_instance>(
    [me = shared_from_this()](outlet_ptr x) {
      std::unique_lock guard{me->mutex_};
      me->out_ = std::move(x);
    });
}

/// The handler does not own the relay, which owns the router.
void http_relay::add(const component_spec& x) {
  auto route = http_route_of(x.settings, to_string(x.workflow));
  http_exchange exchange{x};
  if (!route || exchange.check())
    return; // its instance does not start
  auto handle = [weak = weak_from_this(), id = x.id, exchange](
                  const http_request& request, const http_responder& respond) {
    auto me = weak.lock();
    auto payload = exchange.payload_of(request);
    if (!me || !payload)
      return respond(me ? text_response(413, "Content Too Large")
                        : retry_later("Service Unavailable"));
    auto begin = std::chrono::steady_clock::now();
    me->call(id, std::move(*payload), is_idempotent(request.method),
             limits::http_relayed_call, [=](const outlet::reply& reply) {
               respond(exchange.response_of(reply, begin));
             });
  };
  numbers_[x.id] = router_->add(std::move(*route), handle,
                                to_string(x.workflow), http_reach::relayed);
}

void http_relay::remove(const logical_id& x) {
  if (auto number = numbers_.extract(x))
    router_->remove(number.mapped());
}

void http_relay::call(const logical_id& to, std::string payload,
                      bool is_repeatable, caf::timespan timeout,
                      outlet::reply_handler done) const {
  auto out = [this] {
    std::unique_lock guard{mutex_};
    return out_;
  }();
  if (!out
      || !out->call(
        {to_string(to), std::move(payload), timeout, is_repeatable, done}))
    done({{event_kind::error, {}}, false});
}

} // namespace edgeless
