// SPDX-License-Identifier: MIT
#include "tools/connectors.hpp"

#include "actors/connectors/cron.hpp"
#include "actors/connectors/file_pusher.hpp"
#include "actors/connectors/http/http_egress.hpp"
#include "actors/connectors/http/http_ingress.hpp"
#include "actors/connectors/http/http_poster.hpp"
#include "actors/connectors/ollama.hpp"
#include "actors/connectors/serverless.hpp"
#include "actors/connectors/sqlx.hpp"

#include "runtime/http/access_log.hpp"
#include "runtime/http/address_filter.hpp"
#include "runtime/http/client.hpp"
#include "runtime/http/router.hpp"
#include "runtime/sql/sqlite_driver.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

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
  auto client
    = std::make_shared<http_client>(wanted.http_allow, wanted.http_ca);
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
  auto has_own = !wanted.http_ingress_certificate.empty();
  details.certificate
    = has_own ? wanted.http_ingress_certificate : settings.tls.certificate;
  details.key = has_own ? wanted.http_ingress_key : settings.tls.key;
  details.on_response = access_log(parse_access_log_mode(wanted.http_access_log)
                                     .value_or(access_log_mode::none));
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
  made.router = router;
  offer(options, wanted.http_ingress_provider, "http-ingress",
        http_ingress(router));
  return caf::none;
}

/// A provider is known by its name alone, in the domain and in Redis.
caf::error check_names(const std::vector<provider_description>& all) {
  std::map<std::string, std::string> classes;
  for (auto& x : all)
    if (auto [i, is_new] = classes.emplace(x.id, x.class_type); !is_new)
      return fail(ec::bad_input, "[resources] the providers of " + i->second
                                   + " and " + x.class_type
                                   + " have the same name \"" + x.id
                                   + "\": give each its own");
  return caf::none;
}

caf::error offer_file_pusher(const node_settings& settings,
                             node_options& options, const connectors& made) {
  auto& [directory, provider] = settings.resources.file_pusher_provider;
  std::error_code problem;
  if (!provider.empty() && !std::filesystem::is_directory(directory, problem))
    return fail(ec::bad_input, "[resources.file_pusher_provider] directory: \""
                                 + directory + "\" is no folder");
  offer(options, provider, "file-pusher",
        file_pusher(directory, made.counters));
  return caf::none;
}

caf::error offer_sqlx(const node_settings& settings, node_options& options,
                      const connectors& made) {
  auto& wanted = settings.resources;
  if (wanted.sqlx_provider.empty())
    return caf::none;
  auto sqlite = make_sqlite_driver(wanted.sqlx_directory);
  if (!sqlite)
    return fail(ec::bad_input,
                "[resources] sqlx_directory: " + explain(sqlite.error()));
  offer(options, wanted.sqlx_provider, "sqlx",
        sqlx(find_sql_drivers(std::move(*sqlite)), made.counters));
  return caf::none;
}

/// A client for a server that the file of the node names, wherever it is.
std::shared_ptr<http_client> client_for(const std::string& url) {
  return std::make_shared<http_client>(
    std::vector<std::string>{host_of_url(url)});
}

void offer_ollama(const node_settings& settings, node_options& options,
                  const connectors& made) {
  auto& wanted = settings.resources.ollama_provider;
  auto url
    = "http://" + wanted.host + ":" + std::to_string(wanted.port) + "/api/chat";
  offer(
    options, wanted.provider, "ollama",
    ollama(url, wanted.messages_number_limit, client_for(url), made.counters));
}

caf::error offer_serverless(const node_settings& settings,
                            node_options& options, const connectors& made) {
  for (auto& x : settings.resources.serverless_provider) {
    if (x.provider.empty())
      continue;
    auto& providers = options.description.providers;
    if (std::ranges::find(providers, x.class_type,
                          &provider_description::class_type)
        != providers.end())
      return fail(ec::bad_input,
                  "[[resources.serverless_provider]] class_type: \""
                    + x.class_type + "\" is the class of another provider");
    offer(options, x.provider, x.class_type.c_str(),
          serverless(x.function_url.text, client_for(x.function_url.text),
                     made.counters));
  }
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
  offer(options, settings.resources.cron_provider, "cron",
        cron(current_wall_time, result.counters));
  if (auto problem = offer_file_pusher(settings, options, result))
    return problem;
  if (auto problem = offer_sqlx(settings, options, result))
    return problem;
  offer_ollama(settings, options, result);
  // The last one: its classes have the names that a user gives them.
  if (auto problem = offer_serverless(settings, options, result))
    return problem;
  if (auto problem = check_names(options.description.providers))
    return problem;
  return result;
}

std::function<void(metrics_page&)> resource_metrics(const connectors& of) {
  return [server = of.ingress, router = of.router, messages = of.messages,
          counters = of.counters](metrics_page& x) {
    add_metrics(x, messages);
    add_metrics(x, *counters);
    if (server) {
      add_metrics(x, server->statistics());
      router->add_metrics(x);
    }
  };
}

} // namespace edgeless
