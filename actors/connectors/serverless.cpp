// SPDX-License-Identifier: MIT
#include "actors/connectors/serverless.hpp"

#include "actors/resources/deferring_resource.hpp"

namespace edgeless {

namespace {

class serverless_resource : public deferring_resource {
public:
  serverless_resource(const component_spec& spec, std::string function_url,
                      std::shared_ptr<http_client> client,
                      resource_counters_ptr counters)
    : id_{to_string(spec.id)}, url_{std::move(function_url)},
      client_{std::move(client)}, counters_{std::move(counters)} {
    // nop
  }

  caf::error open() override {
    return caf::none;
  }

private:
  caf::error start(const event& x, std::uint64_t ticket) override {
    http_client_request request;
    request.url = url_;
    request.method = "POST";
    request.body = x.payload;
    auto is_call = x.kind == event_kind::call;
    // Runs on the thread of the client, also when the resource has ended.
    auto done = [out = out(), counters = counters_, ticket, is_call, url = url_,
                 id = id_](caf::expected<http_response> response) {
      std::string why;
      if (!response)
        why = explain(response.error());
      else if (response->status != 200)
        why = "status " + std::to_string(response->status) + " returned";
      auto is_answered = why.empty();
      ++(is_answered ? counters->serverless_answered
                     : counters->serverless_failed);
      if (!is_answered)
        why = "error when calling serverless function at " + url
              + " for resource " + id + ": " + why;
      if (!is_call)
        out->cast(is_answered ? "out" : "err",
                  is_answered ? std::move(response->body) : why);
      if (!is_answered)
        out->finish(ticket, fail(ec::unreachable, why));
      else
        out->finish(ticket,
                    is_call ? std::move(response->body) : std::string{});
    };
    client_->start(std::move(request), std::move(done));
    return caf::none;
  }

  std::string id_;
  std::string url_;
  std::shared_ptr<http_client> client_;
  resource_counters_ptr counters_;
};

} // namespace

resource_class serverless(std::string function_url,
                          std::shared_ptr<http_client> client,
                          resource_counters_ptr counters) {
  return {[url = std::move(function_url), client = std::move(client),
           counters = std::move(counters)](const component_spec& spec) {
    return std::make_unique<serverless_resource>(spec, url, client, counters);
  }};
}

} // namespace edgeless
