// SPDX-License-Identifier: MIT
#include "actors/connectors/http/http_poster.hpp"

#include "actors/connectors/http/http_client_resource.hpp"

#include "runtime/http/address_filter.hpp"
#include "runtime/http/base64.hpp"

namespace edgeless {

namespace {

class http_poster_resource : public http_client_resource {
public:
  http_poster_resource(const component_spec& spec,
                       std::shared_ptr<http_client> client)
    : http_client_resource{spec, std::move(client)}, url_{setting(spec, "url")},
      decodes_{equal_ignoring_case(setting(spec, "decode_base64"), "true")} {
    // nop
  }

  caf::error open() override {
    if (host_of_url(url_).empty())
      return fail(ec::bad_input, "http-poster: configuration `url`: \"" + url_
                                   + "\" is no URL such as "
                                     "http://example.com/path");
    return caf::none;
  }

private:
  caf::expected<exchange> exchange_for(const event& x) const override {
    exchange result;
    result.answer_of = answer_of;
    auto& request = result.request;
    request.url = url_;
    request.method = "POST";
    if (!decodes_) {
      request.body = x.payload;
    } else if (auto body = from_base64(x.payload)) {
      request.body = std::move(*body);
    } else {
      return fail(ec::bad_input, "http-poster: an event is not base64");
    }
    return result;
  }

  static caf::expected<std::string> answer_of(const http_response& x) {
    if (x.status >= 400)
      return fail(ec::unreachable, "http-poster: the server answers "
                                     + std::to_string(x.status));
    return std::string{};
  }

  std::string url_;
  bool decodes_;
};

} // namespace

resource_class http_poster(std::shared_ptr<http_client> client) {
  return {[client = std::move(client)](const component_spec& spec) {
    return std::make_unique<http_poster_resource>(spec, client);
  }};
}

} // namespace edgeless
