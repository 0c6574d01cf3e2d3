// SPDX-License-Identifier: MIT
#include "runtime/config/settings.hpp"

#include "runtime/base/confined_folder.hpp"
#include "runtime/base/files.hpp"
#include "runtime/config/foreign_keys.hpp"
#include "runtime/config/settings_reader.hpp"
#include "runtime/placement/annotations.hpp"
#include "runtime/redis/redis_url.hpp"

#include "messages/connector_limits.hpp"
#include "messages/errors.hpp"

#include <boost/mp11.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <set>

namespace edgeless {

namespace {

template <class T>
using described_members
  = boost::describe::describe_members<T, boost::describe::mod_public>;

template <class T>
const std::set<std::string_view> required_keys{};
template <>
const std::set<std::string_view> required_keys<domain_address>{
  "domain_id", "orchestrator_url"};
template <>
const std::set<std::string_view> required_keys<controller_settings>{
  "controller_url"};
template <>
const std::set<std::string_view> required_keys<orchestrator_settings>{
  "general"};
template <>
const std::set<std::string_view>
  required_keys<orchestrator_settings::general_section>{"domain_id",
                                                        "orchestrator_url"};
template <>
const std::set<std::string_view> required_keys<node_settings>{"general"};
template <>
const std::set<std::string_view> required_keys<node_settings::general_section>{
  "node_id", "agent_url", "invocation_url", "orchestrator_url"};
template <>
const std::set<std::string_view> required_keys<cli_settings>{"controller_url"};

/// An empty announced URL defaults to the bound one.
void set_announced(std::string& announced, const std::string& bound) {
  if (announced.empty())
    announced = bound;
}

/// Reads described structs: each member from the key with its name.
struct struct_reader {
  template <class T>
  static void read_members(settings_section& in, T& x) {
    boost::mp11::mp_for_each<described_members<T>>([&](auto member) {
      auto needed = required_keys<T>.contains(member.name) ? presence::required
                                                           : presence::optional;
      read(in, member.name, x.*member.pointer, needed);
    });
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

  static void read(settings_section& in, const std::string& key, web_url& x,
                   presence) {
    in.read(key, x.text);
    if (!x.text.empty() && !x.text.starts_with("http://")
        && !x.text.starts_with("https://"))
      in.add_problem(key, "\"" + x.text
                            + "\" is no URL such as https://example.org/path");
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

  static void read(settings_section& in, const std::string& key,
                   mirror_schema& x, presence) {
    read_choice(in, key, x, "1.0", parse_mirror_schema, "\"1.0\" or \"1.2\"");
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

  static void complete(settings_section& in,
                       cli_settings::repository_section& x) {
    if (!x.api_key.empty() && !x.basic_auth_user.empty())
      in.add_problem("api_key", "contradicts basic_auth_user");
  }

  static void complete(settings_section&, node_settings::general_section& x) {
    set_announced(x.agent_url_announced, x.agent_url);
    set_announced(x.invocation_url_announced, x.invocation_url);
    if (x.code_cache.empty())
      x.code_cache = default_folder("XDG_CACHE_HOME", ".cache",
                                    "code-" + to_string(x.node_id));
  }

  static void complete(settings_section&,
                       orchestrator_settings::general_section& x) {
    set_announced(x.agent_url_announced, x.agent_url);
    set_announced(x.invocation_url_announced, x.invocation_url);
  }

  static void complete(settings_section& in,
                       node_settings::resources_section& x) {
    if (!x.http_ingress_provider.empty() && x.http_ingress_url.empty())
      in.add_problem("http_ingress_url", "is missing; it is a URL such as "
                                         "\"http://127.0.0.1:7035\"");
    if (x.http_ingress_certificate.empty() != x.http_ingress_key.empty())
      in.add_problem("http_ingress_certificate",
                     "and http_ingress_key go together");
    const std::set<std::string> modes{"none", "errors", "all"};
    if (!modes.contains(x.http_access_log))
      in.add_problem("http_access_log",
                     "is none of \"none\", \"errors\", \"all\"");
    if (x.store_mib == 0 || x.store_mib > limits::store_mib_max)
      in.add_problem("store_mib", "must be from 1 to 1048576");
    for (auto& item : in.sections("serverless_provider"))
      read_members(item, x.serverless_provider.emplace_back());
    if (x.serverless_provider.size() > limits::serverless_providers)
      in.add_problem("serverless_provider", "has more than 64 entries");
  }

  static void complete(settings_section&, node_settings& x) {
    auto& store = x.resources.store_directory;
    if (store.empty())
      store = default_folder("XDG_STATE_HOME", ".local/state",
                             "store-" + to_string(x.general.node_id));
  }

  static void complete(settings_section& in, ollama_settings& x) {
    if (x.port == 0 || x.port > 65535)
      in.add_problem("port", "must be from 1 to 65535");
    if (x.messages_number_limit > limits::chat_messages)
      in.add_problem("messages_number_limit", "must be from 0 to 1000");
  }

  static void complete(settings_section& in, serverless_settings& x) {
    if (x.provider.empty())
      return;
    if (x.class_type.empty())
      in.add_problem("class_type", "is missing; it names a class of resources");
    if (x.function_url.text.empty())
      in.add_problem("function_url", "is missing; it is a URL such as "
                                     "\"http://127.0.0.1:5000/double\"");
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
    auto proxy = in.section("proxy");
    x.proxy.redis_url = read_store(proxy, "proxy_type");
    read(proxy, "schema", x.proxy.schema, presence::optional);
    proxy.read("samples", x.proxy.samples, 1, limits::samples_max);
    read(proxy, "dataset_settings", x.proxy.dataset, presence::optional);
    proxy.report_unknown_keys();
    // [collection] is an alias from EDGELESS' documentation.
    auto alias = in.has("collection") && !in.has("collector");
    auto collector = in.section(alias ? "collection" : "collector");
    x.collector_redis_url = read_store(collector, "collector_type");
    collector.report_unknown_keys();
  }

  static void complete(settings_section& in, dataset_settings& x) {
    auto require_printable = [&](const char* key, const std::string& text) {
      if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20; }))
        in.add_problem(key, "has control characters");
    };
    require_printable("dataset_path", x.dataset_path);
    require_printable("additional_fields", x.additional_fields);
    require_printable("additional_header", x.additional_header);
    auto columns = [](const std::string& text) {
      return text.empty() ? 0 : std::ranges::count(text, ',') + 1;
    };
    if (columns(x.additional_fields) != columns(x.additional_header))
      in.add_problem("additional_header",
                     "has " + std::to_string(columns(x.additional_header))
                       + " columns, but additional_fields has "
                       + std::to_string(columns(x.additional_fields)));
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
  /// server, empty for None.
  static std::string read_store(settings_section& from,
                                const std::string& type_key) {
    std::string type = "None";
    std::string url;
    from.read(type_key, type);
    from.read("redis_url", url);
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
  Settings result;
  problem_list problems{name, foreign_keys_of(result)};
  settings_section root{&*document, "", 1, problems};
  struct_reader::read_members(root, result);
  if (auto error = problems.to_error())
    return error;
  result.notices = problems.notices();
  return result;
}

template <class Settings>
caf::expected<Settings> load(const std::filesystem::path& file) {
  protect_file(file);
  auto text = read_file(file, limits::configuration);
  if (!text)
    return text.error();
  auto result = parse<Settings>(file.string(), *text);
  if (!result)
    return result;
  auto& tls = result->tls;
  std::vector<std::string*> paths{&tls.ca, &tls.certificate, &tls.key};
  if constexpr (std::same_as<Settings, node_settings>)
    for (auto& more = result->resources;
         auto* x :
         {&more.http_ingress_certificate, &more.http_ingress_key, &more.http_ca,
          &more.mqtt_ca, &more.mqtt_certificate, &more.mqtt_key})
      paths.push_back(x);
  for (auto* x : paths)
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
