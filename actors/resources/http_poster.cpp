// SPDX-License-Identifier: MIT
#include "actors/resources/http_poster.hpp"

#include "actors/resources/http_egress.hpp"

#include "runtime/http/address_filter.hpp"
#include "runtime/http/base64.hpp"

namespace edgeless {

namespace {

class http_poster_resource : public resource {
public:
  http_poster_resource(const component_spec& spec,
                       std::shared_ptr<http_client> client)
    : client_{std::move(client)}, url_{setting(spec, "url")},
      decodes_{equal_ignoring_case(setting(spec, "decode_base64"), "true")},
      allow_{allowed_hosts(spec)} {
    // nop
  }

  void set_outlet(outlet_ptr x) override {
    out_ = std::move(x);
  }

  caf::error open() override {
    if (host_of_url(url_).empty())
      return fail(ec::bad_input, "http-poster: configuration `url`: \"" + url_
                                   + "\" is no URL such as "
                                     "http://example.com/path");
    return caf::none;
  }

  std::size_t capacity() const override {
    return limits::deferred_events;
  }

  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    outcome result;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (auto problem = begin(batch[i].payload)) {
        ++result.failed;
        result.problem = std::move(problem);
        result.answers[i] = std::nullopt;
      } else {
        result.deferred[i] = last_ticket_;
      }
    }
    return result;
  }

private:
  caf::error begin(const std::string& payload) {
    http_client_request request;
    if (decodes_) {
      auto body = from_base64(payload);
      if (!body)
        return fail(ec::bad_input, "http-poster: an event is not base64");
      request.body = std::move(*body);
    } else {
      request.body = payload;
    }
    request.url = url_;
    request.method = "POST";
    request.allow = allow_;
    client_->start(
      std::move(request), [out = out_, ticket = ++last_ticket_](
                            const caf::expected<http_response>& response) {
        if (!response)
          out->finish(ticket, response.error());
        else if (response->status >= 400)
          out->finish(ticket, fail(ec::unreachable,
                                   "http-poster: the server answers "
                                     + std::to_string(response->status)));
        else
          out->finish(ticket, std::string{});
      });
    return caf::none;
  }

  std::shared_ptr<http_client> client_;
  std::string url_;
  bool decodes_;
  std::vector<std::string> allow_;
  outlet_ptr out_;
  std::uint64_t last_ticket_ = 0;
};

} // namespace

resource_class http_poster(std::shared_ptr<http_client> client) {
  return {[client = std::move(client)](const component_spec& spec) {
    return std::make_unique<http_poster_resource>(spec, client);
  }};
}

} // namespace edgeless
