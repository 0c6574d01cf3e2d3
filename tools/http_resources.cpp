// SPDX-License-Identifier: MIT
#include "tools/http_resources.hpp"

#include "actors/resources/http_egress.hpp"
#include "actors/resources/http_ingress.hpp"
#include "actors/resources/http_poster.hpp"

#include "runtime/http/client.hpp"
#include "runtime/http/router.hpp"

namespace edgeless {

caf::expected<std::shared_ptr<http_server>>
offer_http(const node_settings& settings, node_options& options) {
  auto& wanted = settings.resources;
  auto offer
    = [&](const std::string& id, const char* type, resource_class made) {
        if (id.empty())
          return;
        options.description.providers.push_back({id, type, {}});
        options.classes.emplace(
          type, std::make_shared<const resource_class>(std::move(made)));
      };
  auto client = std::make_shared<http_client>(wanted.http_allow);
  offer(wanted.http_egress_provider, "http-egress", http_egress(client));
  offer(wanted.http_poster_provider, "http-poster", http_poster(client));
  std::shared_ptr<http_server> result;
  if (wanted.http_ingress_provider.empty())
    return result;
  auto where = parse_url(wanted.http_ingress_url);
  if (!where)
    return where.error();
  http_server_options details;
  details.name = "http-ingress";
  details.certificate = settings.tls.certificate;
  details.key = settings.tls.key;
  auto router = std::make_shared<http_router>();
  auto opened = http_server::open(
    *where,
    [router](http_request x, http_responder respond) {
      router->handle(std::move(x), std::move(respond));
    },
    std::move(details));
  if (!opened)
    return fail(ec::bad_input, "http_ingress_url: " + explain(opened.error()));
  result = std::move(*opened);
  offer(wanted.http_ingress_provider, "http-ingress", http_ingress(router));
  return result;
}

} // namespace edgeless
