// SPDX-License-Identifier: MIT
#include "actors/connectors/http_egress.hpp"

#include "actors/connectors/http_client_resource.hpp"

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
  caf::expected<http_client_request>
  request_for(const event& x) const override {
    if (x.kind != event_kind::call)
      return fail(ec::bad_input, "http-egress handles no casts");
    auto wanted = request_of_edgeless_json(x.payload);
    if (!wanted)
      return wanted.error();
    http_client_request result;
    result.url = std::move(wanted->url);
    result.method = std::move(wanted->content.method);
    result.headers = std::move(wanted->content.headers);
    result.body = std::move(wanted->content.body);
    return result;
  }

  reader answer_reader() const override {
    return [](const http_response& x) -> caf::expected<std::string> {
      return to_edgeless_json(x);
    };
  }
};

} // namespace

resource_class http_egress(std::shared_ptr<http_client> client) {
  return {[client = std::move(client)](const component_spec& spec) {
    return std::make_unique<http_egress_resource>(spec, client);
  }};
}

} // namespace edgeless
