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

caf::error http_client_resource::start(const event& x, std::uint64_t ticket) {
  auto made = exchange_for(x);
  if (!made)
    return made.error();
  made->request.allow = allow_;
  client_->start(std::move(made->request),
                 [out = out(), ticket, answer_of = std::move(made->answer_of)](
                   const caf::expected<http_response>& response) {
                   if (response)
                     out->finish(ticket, answer_of(*response));
                   else
                     out->finish(ticket, response.error());
                 });
  return caf::none;
}

} // namespace edgeless
