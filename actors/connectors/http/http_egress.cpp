// SPDX-License-Identifier: MIT
#include "actors/connectors/http/http_egress.hpp"

#include "actors/connectors/http/http_client_resource.hpp"

#include "runtime/http/edgeless_json.hpp"

namespace edgeless {

namespace {

class http_egress_resource : public http_client_resource {
public:
  using http_client_resource::http_client_resource;

  caf::error open() override {
    return caf::none;
  }

private:
  /// The answer has the format of the request.
  caf::expected<exchange> exchange_for(const event& x) const override {
    if (x.kind != event_kind::call)
      return fail(ec::bad_input, "http-egress handles no casts");
    auto wanted = request_of_http_payload(x.payload);
    if (!wanted)
      return wanted.error();
    exchange result;
    result.request.url = std::move(wanted->url);
    result.request.method = std::move(wanted->content.method);
    result.request.headers = std::move(wanted->content.headers);
    result.request.body = std::move(wanted->content.body);
    result.answer_of = [format = wanted->format](const http_response& y) {
      return to_http_payload(y, format);
    };
    return result;
  }
};

} // namespace

resource_class http_egress(std::shared_ptr<http_client> client) {
  return {[client = std::move(client)](const component_spec& spec) {
    return std::make_unique<http_egress_resource>(spec, client);
  }};
}

} // namespace edgeless
