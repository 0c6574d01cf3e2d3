// SPDX-License-Identifier: MIT
#include "actors/connectors/http/http_ingress.hpp"

#include "actors/connectors/http/http_exchange.hpp"
#include "actors/connectors/http/http_relay.hpp"

#include <chrono>

namespace edgeless {

namespace {

const std::string output = "new_request";

/// Is shared by the instance and the requests under way, on the thread of the
/// server.
struct http_gateway : std::enable_shared_from_this<http_gateway> {
  http_gateway(const component_spec& spec, std::shared_ptr<http_relay> x)
    : exchange{spec}, self{spec.id}, relay{std::move(x)} {
    // nop
  }

  http_exchange exchange;
  logical_id self;
  std::shared_ptr<http_relay> relay;
  outlet_ptr out{};

  void handle(http_request x, const http_responder& respond) const {
    auto is_repeatable = is_idempotent(x.method);
    auto payload = exchange.payload_of(std::move(x));
    if (!payload)
      respond(text_response(413, "Content Too Large"));
    else if (exchange.is_async)
      cast(std::move(*payload), respond);
    else
      call(std::move(*payload), is_repeatable, respond);
  }

  void cast(std::string payload, const http_responder& respond) const {
    if (out->cast(output, payload))
      respond(text_response(200, "OK"));
    else if (out->is_closed())
      pass_on(std::move(payload), false, respond,
              std::chrono::steady_clock::now());
    else
      respond(retry_later("Service Unavailable"));
  }

  void call(std::string payload, bool is_repeatable,
            const http_responder& respond) const {
    auto begin = std::chrono::steady_clock::now();
    auto done = [me = shared_from_this(), is_repeatable, respond,
                 begin](outlet::reply reply) {
      if (!reply.sent && !reply.payload.empty())
        me->pass_on(std::move(reply.payload), is_repeatable, respond, begin);
      else
        respond(me->exchange.response_of(reply, begin));
    };
    if (!out->call(
          {output, std::move(payload), limits::http_call, is_repeatable, done}))
      respond(retry_later("Service Unavailable"));
  }

  /// The instance moves or has moved: the request follows it.
  void pass_on(std::string payload, bool is_repeatable,
               const http_responder& respond,
               std::chrono::steady_clock::time_point begin) const {
    auto spent = std::chrono::steady_clock::now() - begin;
    relay->call(
      self, std::move(payload), is_repeatable, limits::http_call - spent,
      [me = shared_from_this(), respond, begin](const outlet::reply& reply) {
        respond(me->exchange.response_of(reply, begin));
      });
  }
};

class http_ingress_resource : public resource {
public:
  http_ingress_resource(const component_spec& spec,
                        std::shared_ptr<http_router> router,
                        std::shared_ptr<http_relay> relay)
    : route_{http_route_of(spec.settings, to_string(spec.workflow))},
      workflow_{to_string(spec.workflow)}, router_{std::move(router)},
      gateway_{std::make_shared<http_gateway>(spec, std::move(relay))} {
    // nop
  }

  ~http_ingress_resource() override {
    drain();
  }

  void set_outlet(outlet_ptr x) override {
    gateway_->out = std::move(x);
  }

  caf::error open() override {
    if (!route_)
      return route_.error();
    if (auto problem = gateway_->exchange.check())
      return problem;
    thaw();
    return caf::none;
  }

  void thaw() override {
    drain();
    number_ = router_->add(
      *route_,
      [gateway = gateway_](http_request x, const http_responder& respond) {
        gateway->handle(std::move(x), respond);
      },
      workflow_);
  }

  /// The relay reaches the instance, and then its successor.
  void freeze() override {
    drain();
  }

  void drain() override {
    if (number_)
      router_->remove(*std::exchange(number_, std::nullopt));
  }

  std::size_t capacity() const override {
    return limits::emitted_calls;
  }

  /// Calls are requests that other nodes have passed on.
  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    outcome result;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      auto& x = batch[i];
      if (x.kind != event_kind::call) {
        ++result.failed;
        result.problem = fail(ec::bad_input, "http-ingress handles no casts");
      } else {
        result.deferred[i] = ++last_ticket_;
        relay(x.payload, last_ticket_);
      }
    }
    return result;
  }

private:
  void relay(const std::string& payload, std::uint64_t ticket) {
    auto& out = gateway_->out;
    auto busy = fail(ec::stopping, "http-ingress takes no more requests");
    if (gateway_->exchange.is_async) {
      if (out->cast(output, payload))
        out->finish(ticket, std::string{});
      else
        out->finish(ticket, busy);
      return;
    }
    auto done = [out, ticket, busy](outlet::reply reply) {
      if (reply.result.kind == event_kind::reply)
        out->finish(ticket, std::move(reply.result.payload));
      else if (reply.sent)
        out->finish(ticket,
                    fail(ec::guest_fault, "the function has not replied"));
      else if (reply.payload.empty()) // out of time
        out->finish(ticket,
                    to_http_payload(retry_later("Service Unavailable")));
      else
        out->finish(ticket, busy);
    };
    if (!out->call({output, payload, limits::http_call, false, done}))
      out->finish(ticket, busy);
  }

  caf::expected<http_route> route_;
  std::string workflow_;
  std::shared_ptr<http_router> router_;
  std::shared_ptr<http_gateway> gateway_;
  std::optional<std::uint64_t> number_; ///< of its route; nullopt: it has none
  std::uint64_t last_ticket_ = 0;
};

} // namespace

resource_class http_ingress(const std::shared_ptr<http_router>& router) {
  auto relay = std::make_shared<http_relay>(router);
  return {[=](const component_spec& spec) {
            return std::make_unique<http_ingress_resource>(spec, router, relay);
          },
          false, relay};
}

} // namespace edgeless
