// SPDX-License-Identifier: MIT
#include "actors/resources/http_egress.hpp"

#include "runtime/http/edgeless_json.hpp"

namespace edgeless {

std::vector<std::string> allowed_hosts(const component_spec& spec) {
  std::vector<std::string> result;
  auto text = setting(spec, "allow");
  for (std::size_t begin = 0; begin < text.size();) {
    auto end = std::min(text.find(',', begin), text.size());
    auto host = text.substr(begin, end - begin);
    std::erase(host, ' ');
    if (!host.empty())
      result.push_back(std::move(host));
    begin = end + 1;
  }
  return result;
}

namespace {

class http_egress_resource : public resource {
public:
  http_egress_resource(const component_spec& spec,
                       std::shared_ptr<http_client> client)
    : client_{std::move(client)}, allow_{allowed_hosts(spec)} {
    // nop
  }

  void set_outlet(outlet_ptr x) override {
    out_ = std::move(x);
  }

  caf::error open() override {
    return caf::none;
  }

  std::size_t capacity() const override {
    return limits::deferred_events;
  }

  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    outcome result;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (auto problem = begin(batch[i])) {
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
  caf::error begin(const event& x) {
    if (x.kind != event_kind::call)
      return fail(ec::bad_input, "http-egress handles no casts");
    auto wanted = request_of_edgeless_json(x.payload);
    if (!wanted)
      return wanted.error();
    http_client_request request;
    request.url = std::move(wanted->url);
    request.method = std::move(wanted->content.method);
    request.headers = std::move(wanted->content.headers);
    request.body = std::move(wanted->content.body);
    request.allow = allow_;
    client_->start(std::move(request),
                   [out = out_, ticket = ++last_ticket_](
                     caf::expected<http_response> response) {
                     if (response)
                       out->finish(ticket, to_edgeless_json(*response));
                     else
                       out->finish(ticket, response.error());
                   });
    return caf::none;
  }

  std::shared_ptr<http_client> client_;
  std::vector<std::string> allow_;
  outlet_ptr out_;
  std::uint64_t last_ticket_ = 0;
};

} // namespace

resource_class http_egress(std::shared_ptr<http_client> client) {
  return {[client = std::move(client)](const component_spec& spec) {
    return std::make_unique<http_egress_resource>(spec, client);
  }};
}

} // namespace edgeless
