// SPDX-License-Identifier: MIT
#include "runtime/base/files.hpp"
#include "runtime/config/settings_sections.hpp"
#include "runtime/net/url.hpp"
#include "runtime/redis/redis_url.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

namespace edgeless {

tls_settings read_tls(settings_section& root) {
  tls_settings result;
  auto tls = root.section("tls");
  tls.read("ca", result.ca);
  tls.read("certificate", result.certificate);
  tls.read("key", result.key);
  tls.read("insecure", result.insecure);
  tls.report_unknown_keys();
  auto files = {result.ca, result.certificate, result.key};
  auto missing = std::ranges::count(files, "");
  if (missing != 0 && missing != 3)
    tls.add_problem("", "ca, certificate and key go together");
  else if (missing == 0 && result.insecure)
    tls.add_problem("insecure", "contradicts ca, certificate and key");
  return result;
}

namespace {

// -- sections of the orchestrator ---------------------------------------------

/// A section with a type of None or Redis; returns the URL of the Redis server,
/// empty for None. `samples`: the number of samples, if it is configurable.
std::string read_store(settings_section from, const std::string& type_key,
                       std::uint32_t* samples = nullptr) {
  std::string type = "None";
  std::string url;
  from.read(type_key, type);
  from.read("redis_url", url);
  if (samples != nullptr)
    from.read("samples", *samples, 1, limits::samples_max);
  from.report_unknown_keys();
  std::ranges::transform(type, type.begin(), [](unsigned char x) {
    return static_cast<char>(std::tolower(x));
  });
  if (type != "none" && type != "redis")
    from.add_problem(type_key, "must be \"None\" or \"Redis\"");
  else if (type == "redis" && url.empty())
    from.add_problem("redis_url", "is missing; it is a URL such as "
                                  "\"redis://127.0.0.1:6379\"");
  if (auto at = parse_redis_url(url); !url.empty() && !at)
    from.add_problem("redis_url", explain(at.error()));
  return type == "redis" ? url : "";
}

void read_strategy(settings_section& baseline, placement_strategy& result) {
  auto name = to_string(result);
  baseline.read("orchestration_strategy", name);
  if (auto strategy = parse_placement_strategy(name))
    result = *strategy;
  else
    baseline.add_problem("orchestration_strategy",
                         "must be \"Random\" or \"RoundRobin\"");
}

void read_interval(settings_section& baseline,
                   std::chrono::milliseconds& result) {
  using seconds = std::chrono::duration<double>;
  constexpr auto key = "keep_alive_interval_secs";
  auto shortest = seconds{limits::keep_alive_interval_min}.count();
  auto longest = seconds{limits::keep_alive_interval_max}.count();
  auto interval = seconds{result}.count();
  baseline.read(key, interval, 0, longest);
  if (interval > 0 && interval < shortest)
    baseline.add_problem(key, "must be 0 (no polling) or at least 0.05");
  result = std::chrono::round<std::chrono::milliseconds>(seconds{interval});
}

/// The section [telemetry] of the controller and the orchestrator.
void read_metrics_url(std::string& result, settings_section telemetry) {
  telemetry.read_url("metrics_url", result);
  telemetry.report_unknown_keys();
}

// -- whole files --------------------------------------------------------------

void read(controller_settings& result, settings_section& root) {
  root.read_url("controller_url", result.controller_url, presence::required);
  root.read("persistence_filename", result.persistence_filename);
  std::set<std::string> seen;
  for (auto& item : root.sections("orchestrators", presence::required)) {
    domain_address domain;
    item.read("domain_id", domain.domain_id, presence::required);
    item.read_url("orchestrator_url", domain.orchestrator_url,
                  presence::required);
    item.report_unknown_keys();
    if (item.has("domain_id") && domain.domain_id.empty())
      item.add_problem("domain_id", "is empty");
    else if (!seen.insert(domain.domain_id).second)
      item.add_problem("domain_id",
                       "\"" + domain.domain_id + "\" is there twice");
    result.orchestrators.push_back(std::move(domain));
  }
  read_metrics_url(result.metrics_url, root.section("telemetry"));
  result.tls = read_tls(root);
}

void read(orchestrator_settings& result, settings_section& root) {
  auto& x = result.general;
  auto general = root.section("general", presence::required);
  general.read("domain_id", x.domain_id, presence::required);
  if (general.has("domain_id") && x.domain_id.empty())
    general.add_problem("domain_id", "is empty");
  general.read_url("orchestrator_url", x.orchestrator_url, presence::required);
  general.read_url("orchestrator_url_announced", x.orchestrator_url_announced);
  general.read_url("orchestrator_coap_url", x.orchestrator_coap_url);
  general.read_url("orchestrator_coap_url_announced",
                   x.orchestrator_coap_url_announced);
  general.read_url("agent_url", x.agent_url);
  general.read_url("agent_url_announced", x.agent_url_announced);
  general.read_url("invocation_url", x.invocation_url);
  general.read_url("invocation_url_announced", x.invocation_url_announced);
  general.report_unknown_keys();
  set_announced(x.orchestrator_url_announced, x.orchestrator_url);
  set_announced(x.orchestrator_coap_url_announced, x.orchestrator_coap_url);
  set_announced(x.agent_url_announced, x.agent_url);
  set_announced(x.invocation_url_announced, x.invocation_url);

  auto baseline = root.section("baseline");
  read_strategy(baseline, result.baseline.orchestration_strategy);
  read_interval(baseline, result.baseline.keep_alive_interval);
  baseline.report_unknown_keys();

  read_metrics_url(result.metrics_url, root.section("telemetry"));
  result.proxy_redis_url
    = read_store(root.section("proxy"), "proxy_type", &result.proxy_samples);
  // [collection] is an alias from EDGELESS' documentation.
  auto alias = root.has("collection") && !root.has("collector");
  result.collector_redis_url = read_store(
    root.section(alias ? "collection" : "collector"), "collector_type");
  result.tls = read_tls(root);
}

void read(cli_settings& result, settings_section& root) {
  root.read_url("controller_url", result.controller_url, presence::required);
  auto repository = root.section("function_repository");
  repository.read_url("url", result.function_repository.url);
  repository.read("basic_auth_user",
                  result.function_repository.basic_auth_user);
  repository.read("basic_auth_pass",
                  result.function_repository.basic_auth_pass);
  repository.report_unknown_keys();
  result.tls = read_tls(root);
}

template <class Settings>
caf::expected<Settings> parse(const std::string& name, std::string_view text) {
  auto document = parse_toml(text);
  if (!document)
    return caf::make_error(ec::bad_input,
                           name + ":" + explain(document.error()));
  problem_list problems{name};
  settings_section root{&*document, "", 1, problems};
  Settings result;
  read(result, root);
  root.report_unknown_keys();
  if (auto error = problems.to_error())
    return error;
  return result;
}

template <class Settings>
caf::expected<Settings> load(const std::filesystem::path& file) {
  auto text = read_file(file, limits::configuration);
  if (!text)
    return text.error();
  auto result = parse<Settings>(file.string(), *text);
  if (result)
    for (auto* x :
         {&result->tls.ca, &result->tls.certificate, &result->tls.key})
      if (!x->empty()) // absolute paths are not changed
        *x = (file.parent_path() / *x).string();
  return result;
}

} // namespace

caf::expected<controller_settings>
load_controller_settings(const std::filesystem::path& file) {
  return load<controller_settings>(file);
}

caf::expected<orchestrator_settings>
load_orchestrator_settings(const std::filesystem::path& file) {
  return load<orchestrator_settings>(file);
}

caf::expected<node_settings>
load_node_settings(const std::filesystem::path& file) {
  return load<node_settings>(file);
}

caf::expected<cli_settings>
load_cli_settings(const std::filesystem::path& file) {
  return load<cli_settings>(file);
}

caf::expected<controller_settings>
parse_controller_settings(const std::string& name, std::string_view text) {
  return parse<controller_settings>(name, text);
}

caf::expected<orchestrator_settings>
parse_orchestrator_settings(const std::string& name, std::string_view text) {
  return parse<orchestrator_settings>(name, text);
}

caf::expected<node_settings> parse_node_settings(const std::string& name,
                                                 std::string_view text) {
  return parse<node_settings>(name, text);
}

caf::expected<cli_settings> parse_cli_settings(const std::string& name,
                                               std::string_view text) {
  return parse<cli_settings>(name, text);
}

} // namespace edgeless
