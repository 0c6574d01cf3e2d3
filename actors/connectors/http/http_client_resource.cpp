// SPDX-License-Identifier: MIT
#include "actors/connectors/http/http_client_resource.hpp"

#include "runtime/placement/annotations.hpp"

#include <algorithm>

namespace edgeless {

namespace {

std::vector<std::string> allowed_hosts(const component_spec& spec) {
  std::vector<std::string> result;
  auto allowed = setting(spec, "allow");
  for (auto item : split_list(allowed)) {
    std::string host{item};
    std::erase(host, ' ');
    if (!host.empty())
      result.push_back(std::move(host));
  }
  return result;
}

} // namespace

http_client_resource::http_client_resource(const component_spec& spec,
                                           std::shared_ptr<http_client> client)
  : client_{std::move(client)}, allow_{allowed_hosts(spec)} {
  // nop
}

resource::outcome http_client_resource::handle(const events& batch,
                                               caf::actor_clock::time_point) {
  outcome result;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto request = exchange_for(batch[i]);
    if (request) {
      result.deferred[i] = ++last_ticket_;
      start(std::move(*request), last_ticket_);
    } else {
      ++result.failed;
      result.problem = request.error();
      result.answers[i] = std::nullopt;
    }
  }
  return result;
}

void http_client_resource::start(exchange x, std::uint64_t ticket) {
  x.request.allow = allow_;
  client_->start(std::move(x.request),
                 [out = out_, ticket, answer_of = std::move(x.answer_of)](
                   const caf::expected<http_response>& response) {
                   if (response)
                     out->finish(ticket, answer_of(*response));
                   else
                     out->finish(ticket, response.error());
                 });
}

} // namespace edgeless
