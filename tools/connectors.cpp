// SPDX-License-Identifier: MIT
#include "tools/connectors.hpp"

#include "actors/connectors/http_egress.hpp"
#include "actors/connectors/http_ingress.hpp"
#include "actors/connectors/http_poster.hpp"

#include "runtime/http/client.hpp"
#include "runtime/http/router.hpp"

namespace edgeless {

void offer(node_options& options, const std::string& id, const char* type,
           resource_class made) {
  if (id.empty())
    return;
  options.description.providers.push_back({id, type, {}});
  options.classes.emplace(
    type, std::make_shared<const resource_class>(std::move(made)));
}

namespace {

caf::error offer_file_log(const node_settings& settings,
                          node_options& options) {
  auto& wanted = settings.resources;
  if (wanted.file_log_provider.empty())
    return caf::none;
  auto folder = confined_folder::open(wanted.file_log_directory);
  if (!folder)
    return fail(ec::bad_input,
                "[resources] file_log_directory: " + explain(folder.error()));
  options.description.providers.push_back(
    {wanted.file_log_provider, "file-log", {}});
  options.file_log_folder = std::move(*folder);
  return caf::none;
}

void offer_redis(const node_settings& settings, node_options& options) {
  if (auto& id = settings.resources.redis_provider; !id.empty())
    options.description.providers.push_back({id, "redis", {}});
}

void offer_http_clients(const node_settings& settings, node_options& options) {
  auto& wanted = settings.resources;
  auto client = std::make_shared<http_client>(wanted.http_allow);
  offer(options, wanted.http_egress_provider, "http-egress",
        http_egress(client));
  offer(options, wanted.http_poster_provider, "http-poster",
        http_poster(client));
}

caf::error offer_http_ingress(const node_settings& settings,
                              node_options& options, connectors& made) {
  auto& wanted = settings.resources;
  if (wanted.http_ingress_provider.empty())
    return caf::none;
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
  made.ingress = std::move(*opened);
  offer(options, wanted.http_ingress_provider, "http-ingress",
        http_ingress(router));
  return caf::none;
}

} // namespace

caf::expected<connectors> offer_connectors(const node_settings& settings,
                                           node_options& options) {
  connectors result;
  if (auto problem = offer_file_log(settings, options))
    return problem;
  offer_redis(settings, options);
  offer_http_clients(settings, options);
  if (auto problem = offer_http_ingress(settings, options, result))
    return problem;
  if (auto problem = offer_message_brokers(settings, options, result))
    return problem;
  return result;
}

} // namespace edgeless
