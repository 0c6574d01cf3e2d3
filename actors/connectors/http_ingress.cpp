// SPDX-License-Identifier: MIT
#include "actors/connectors/http_ingress.hpp"

#include "runtime/http/base64.hpp"
#include "runtime/http/edgeless_json.hpp"

#include <chrono>

namespace edgeless {

namespace {

const std::string output = "new_request";

bool is_true(const component_spec& spec, const char* key) {
  return equal_ignoring_case(setting(spec, key), "true");
}

/// The response for what became of a call.
http_response response_of(const outlet::reply& x, bool is_late) {
  if (!x.sent)
    return retry_later("Service Unavailable");
  if (is_late)
    return text_response(504, "Gateway Timeout");
  if (x.result.kind != event_kind::reply)
    return text_response(502, "Bad Gateway");
  auto response = response_of_edgeless_json(x.result.payload);
  if (!response)
    return text_response(502, "Bad Gateway: " + explain(response.error()));
  return std::move(*response);
}

/// Is shared by the instance and the requests under way, on the thread of the
/// server.
struct http_gateway {
  outlet_ptr out;
  bool is_async = false;
  bool encodes = false;

  void cast(http_request x, const http_responder& respond) const {
    auto payload = encodes ? to_base64(x.body) : std::move(x.body);
    if (payload.size() > limits::payload)
      respond(text_response(413, "Content Too Large"));
    else if (out->cast(output, std::move(payload)))
      respond(text_response(200, "OK"));
    else
      respond(retry_later("Service Unavailable"));
  }

  void call(const http_request& x, const http_responder& respond) const {
    // A byte takes two letters at least.
    auto fits = x.body.size() <= limits::payload / 2;
    auto payload = fits ? to_edgeless_json(x) : std::string{};
    if (!fits || payload.size() > limits::payload)
      return respond(text_response(413, "Content Too Large"));
    auto begin = std::chrono::steady_clock::now();
    auto done = [respond, begin](const outlet::reply& reply) {
      auto time = std::chrono::steady_clock::now() - begin;
      respond(response_of(reply, time >= limits::http_call));
    };
    if (!out->call({output, std::move(payload), limits::http_call,
                    is_idempotent(x.method), done}))
      respond(retry_later("Service Unavailable"));
  }
};

class http_ingress_resource : public resource {
public:
  http_ingress_resource(const component_spec& spec,
                        std::shared_ptr<http_router> router)
    : route_{http_route_of(spec.settings, to_string(spec.workflow))},
      router_{std::move(router)} {
    gateway_->is_async = is_true(spec, "async");
    gateway_->encodes = is_true(spec, "encode_base64");
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
    number_ = router_->add(
      *route_, [gateway = gateway_](http_request x, http_responder respond) {
        if (gateway->is_async)
          gateway->cast(std::move(x), respond);
        else
          gateway->call(x, respond);
      });
    return caf::none;
  }

  void drain() override {
    if (number_)
      router_->remove(*std::exchange(number_, std::nullopt));
  }

  /// It has no inputs: what arrives is dropped.
  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    return {batch.size(),
            caf::error{fail(ec::bad_input, "http-ingress handles no events")}};
  }

private:
  caf::expected<http_route> route_;
  std::shared_ptr<http_router> router_;
  std::shared_ptr<http_gateway> gateway_ = std::make_shared<http_gateway>();
  std::optional<std::uint64_t> number_; ///< of its route; nullopt: it has none
};

} // namespace

resource_class http_ingress(std::shared_ptr<http_router> router) {
  return {[router = std::move(router)](const component_spec& spec) {
    return std::make_unique<http_ingress_resource>(spec, router);
  }};
}

} // namespace edgeless
