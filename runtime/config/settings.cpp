// SPDX-License-Identifier: MIT
#include "runtime/config/settings.hpp"

#include "runtime/base/files.hpp"
#include "runtime/config/settings_reader.hpp"
#include "runtime/placement/annotations.hpp"
#include "runtime/redis/redis_url.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <set>

namespace edgeless {

// -- the keys of each section -------------------------------------------------

BOOST_DESCRIBE_STRUCT(tls_settings, (), (ca, certificate, key, insecure))
BOOST_DESCRIBE_STRUCT(domain_address, (), (domain_id, orchestrator_url))
BOOST_DESCRIBE_STRUCT(controller_settings, (),
                      (controller_url, persistence_filename, tls))
BOOST_DESCRIBE_STRUCT(orchestrator_settings::general_section, (),
                      (domain_id, orchestrator_url, orchestrator_url_announced,
                       agent_url, agent_url_announced, invocation_url,
                       invocation_url_announced))
BOOST_DESCRIBE_STRUCT(orchestrator_settings::baseline_section, (),
                      (orchestration_strategy, keep_alive_interval))
BOOST_DESCRIBE_STRUCT(orchestrator_settings, (), (general, baseline, tls))
BOOST_DESCRIBE_STRUCT(node_settings::general_section, (),
                      (node_id, agent_url, agent_url_announced, invocation_url,
                       invocation_url_announced, orchestrator_url, code_cache))
BOOST_DESCRIBE_STRUCT(node_settings::telemetry_section, (),
                      (metrics_url, log_level, performance_samples))
BOOST_DESCRIBE_STRUCT(node_settings::wasm_section, (),
                      (enabled, memory_mib, isolation))
BOOST_DESCRIBE_STRUCT(node_settings::container_section, (), (enabled))
BOOST_DESCRIBE_STRUCT(node_settings::resources_section, (),
                      (file_log_provider, redis_provider, http_ingress_url,
                       http_ingress_provider, http_egress_provider,
                       http_poster_provider, http_allow))
BOOST_DESCRIBE_STRUCT(user_capabilities, (),
                      (num_cpus, model_name_cpu, clock_freq_cpu, num_cores,
                       mem_size, labels, is_tee_running, has_tpm))
BOOST_DESCRIBE_STRUCT(node_settings, (),
                      (general, telemetry, wasm_runtime, container_runtime,
                       resources, user_node_capabilities, tls))
BOOST_DESCRIBE_STRUCT(cli_settings, (), (controller_url, tls))

namespace {

template <class T>
using described_members
  = boost::describe::describe_members<T, boost::describe::mod_public>;

struct key_rules {
  std::set<std::string_view> required{};
  /// Keys of EDGELESS that are accepted and have no effect.
  std::vector<std::string> unused{};
};

template <class T>
const key_rules rules_for{};
template <>
const key_rules rules_for<domain_address>{{"domain_id", "orchestrator_url"}};
template <>
const key_rules rules_for<controller_settings>{{"controller_url"}};
template <>
const key_rules rules_for<orchestrator_settings>{{"general"}};
template <>
const key_rules rules_for<orchestrator_settings::general_section>{
  {"domain_id", "orchestrator_url"},
  {"orchestrator_coap_url", "orchestrator_coap_url_announced"}};
template <>
const key_rules rules_for<node_settings>{{"general"}};
template <>
const key_rules rules_for<node_settings::container_section>{
  {}, {"guest_api_host_url"}};
template <>
const key_rules rules_for<node_settings::general_section>{
  {"node_id", "agent_url", "invocation_url", "orchestrator_url"},
  {"invocation_url_coap", "invocation_url_announced_coap"}};
template <>
const key_rules rules_for<node_settings::resources_section>{
  {},
  {"dda_url", "dda_provider", "kafka_egress_provider", "ollama_provider",
   "serverless_provider"}};
template <>
const key_rules rules_for<cli_settings>{{"controller_url"},
                                        {"function_repository"}};

/// $XDG_CACHE_HOME/edgeless/code-ID, or the same under ~/.cache.
std::filesystem::path default_code_cache(const node_id& id) {
  std::filesystem::path base;
  if (auto cache = std::getenv("XDG_CACHE_HOME"); cache && *cache == '/')
    base = cache;
  else if (auto home = std::getenv("HOME"); home && *home == '/')
    base = std::filesystem::path{home} / ".cache";
  else
    return {};
  return base / "edgeless" / ("code-" + to_string(id));
}

/// An empty announced URL defaults to the bound one.
void set_announced(std::string& announced, const std::string& bound) {
  if (announced.empty())
    announced = bound;
}

/// Reads described structs: each member from the key with its name.
struct struct_reader {
  template <class T>
  static void read_members(settings_section& in, T& x) {
    auto& rules = rules_for<T>;
    boost::mp11::mp_for_each<described_members<T>>([&](auto member) {
      auto needed = rules.required.contains(member.name) ? presence::required
                                                         : presence::optional;
      read(in, member.name, x.*member.pointer, needed);
    });
    for (auto& key : rules.unused)
      in.accept(key);
    complete(in, x);
    in.report_unknown_keys();
  }

  // -- values --

  template <class T>
  requires boost::describe::has_describe_members<T>::value static void
  read(settings_section& in, const std::string& key, T& x, presence needed) {
    auto section = in.section(key, needed);
    read_members(section, x);
  }

  /// A key with "url" in its name is a URL. Required texts are not empty.
  static void read(settings_section& in, const std::string& key, std::string& x,
                   presence needed) {
    if (key.find("url") != std::string::npos)
      return in.read_url(key, x, needed);
    in.read(key, x, needed);
    if (needed == presence::required && in.has(key) && x.empty())
      in.add_problem(key, "is empty");
  }

  static void read(settings_section& in, const std::string& key, node_id& x,
                   presence needed) {
    std::string text;
    in.read(key, text, needed);
    if (auto parsed = parse_id<node_id>(text); parsed && *parsed)
      x = *parsed;
    else if (in.has(key))
      in.add_problem(key, "\"" + text
                            + "\" is not a UUID such as "
                              "fda6ce79-46df-4f96-a0d2-456f720f606c");
  }

  template <class T>
  static void
  read(settings_section& in, const std::string& key, T& x, presence) {
    in.read(key, x);
  }

  template <class T>
  static void read(settings_section& in, const std::string& key,
                   std::optional<T>& x, presence needed) {
    if (in.has(key))
      read(in, key, x.emplace(), needed);
    else
      in.accept(key);
  }

  static void read(settings_section& in, const std::string& key,
                   std::filesystem::path& x, presence) {
    std::string text;
    in.read(key, text);
    x = text;
  }

  /// A duration in seconds, under the name of its member with the unit.
  static void read(settings_section& in, std::string key,
                   std::chrono::milliseconds& x, presence) {
    using seconds = std::chrono::duration<double>;
    key += "_secs";
    auto shortest = seconds{limits::keep_alive_interval_min}.count();
    auto longest = seconds{limits::keep_alive_interval_max}.count();
    auto value = seconds{x}.count();
    in.read(key, value, 0, longest);
    if (value > 0 && value < shortest)
      in.add_problem(key, "must be 0 (no polling) or at least 0.05");
    x = std::chrono::round<std::chrono::milliseconds>(seconds{value});
  }

  // -- values with a few names --

  template <class T, class Parse>
  static void read_choice(settings_section& in, const std::string& key, T& x,
                          std::string text, Parse parse, const char* choices) {
    auto fallback = text;
    in.read(key, text);
    if (auto parsed = parse(text))
      x = *parsed;
    else if (text != fallback)
      in.add_problem(key, std::string{"must be "} + choices);
  }

  static void read(settings_section& in, const std::string& key, log_level& x,
                   presence) {
    read_choice(in, key, x, "", parse_log_level,
                "\"\" or one of off, error, warn, info, debug, trace");
  }

  static void read(settings_section& in, const std::string& key, isolation& x,
                   presence) {
    read_choice(in, key, x, "", parse_isolation, "\"shared\" or \"process\"");
  }

  static void read(settings_section& in, const std::string& key,
                   placement_strategy& x, presence) {
    read_choice(in, key, x, to_string(x), parse_placement_strategy,
                "\"Random\" or \"RoundRobin\"");
  }

  // -- conditions and defaults of whole sections --

  template <class T>
  static void complete(settings_section&, T&) {
    // nop
  }

  static void complete(settings_section& in, tls_settings& x) {
    auto missing = std::ranges::count(std::array{x.ca, x.certificate, x.key},
                                      std::string{});
    if (missing != 0 && missing != 3)
      in.add_problem("", "ca, certificate and key go together");
    else if (missing == 0 && x.insecure)
      in.add_problem("insecure", "contradicts ca, certificate and key");
  }

  static void complete(settings_section&, node_settings::general_section& x) {
    set_announced(x.agent_url_announced, x.agent_url);
    set_announced(x.invocation_url_announced, x.invocation_url);
    if (x.code_cache.empty())
      x.code_cache = default_code_cache(x.node_id);
  }

  static void complete(settings_section&,
                       orchestrator_settings::general_section& x) {
    set_announced(x.orchestrator_url_announced, x.orchestrator_url);
    set_announced(x.agent_url_announced, x.agent_url);
    set_announced(x.invocation_url_announced, x.invocation_url);
  }

  static void complete(settings_section& in,
                       node_settings::resources_section& x) {
    if (!x.http_ingress_provider.empty() && x.http_ingress_url.empty())
      in.add_problem("http_ingress_url", "is missing; it is a URL such as "
                                         "\"http://127.0.0.1:7035\"");
  }

  static void complete(settings_section& in, controller_settings& x) {
    std::set<std::string> seen;
    for (auto& item : in.sections("orchestrators", presence::required)) {
      auto& domain = x.orchestrators.emplace_back();
      read_members(item, domain);
      if (!domain.domain_id.empty() && !seen.insert(domain.domain_id).second)
        item.add_problem("domain_id",
                         "\"" + domain.domain_id + "\" is there twice");
    }
    x.metrics_url = read_metrics_url(in);
  }

  static void complete(settings_section& in, orchestrator_settings& x) {
    x.metrics_url = read_metrics_url(in);
    x.proxy_redis_url
      = read_store(in.section("proxy"), "proxy_type", &x.proxy_samples);
    // [collection] is an alias from EDGELESS' documentation.
    auto alias = in.has("collection") && !in.has("collector");
    x.collector_redis_url = read_store(
      in.section(alias ? "collection" : "collector"), "collector_type");
  }

  /// The section [telemetry] of the controller and the orchestrator.
  static std::string read_metrics_url(settings_section& root) {
    std::string result;
    auto telemetry = root.section("telemetry");
    telemetry.read_url("metrics_url", result);
    telemetry.report_unknown_keys();
    return result;
  }

  /// A section with a type of None or Redis; returns the URL of the Redis
  /// server, empty for None. `samples`: the number of samples, if it is
  /// configurable.
  static std::string read_store(settings_section from,
                                const std::string& type_key,
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
};

template <class Settings>
caf::expected<Settings> parse(const std::string& name, std::string_view text) {
  auto document = parse_toml(text);
  if (!document)
    return caf::make_error(ec::bad_input,
                           name + ":" + explain(document.error()));
  problem_list problems{name};
  settings_section root{&*document, "", 1, problems};
  Settings result;
  struct_reader::read_members(root, result);
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

#define DEFINE_READERS(name)                                                   \
  caf::expected<name##_settings> load_##name##_settings(                       \
    const std::filesystem::path& file) {                                       \
    return load<name##_settings>(file);                                        \
  }                                                                            \
  caf::expected<name##_settings> parse_##name##_settings(                      \
    const std::string& file, std::string_view text) {                          \
    return parse<name##_settings>(file, text);                                 \
  }
DEFINE_READERS(controller)
DEFINE_READERS(orchestrator)
DEFINE_READERS(node)
DEFINE_READERS(cli)
#undef DEFINE_READERS

} // namespace edgeless
