// SPDX-License-Identifier: MIT
#include "runtime/config/settings_sections.hpp"
#include "runtime/placement/annotations.hpp"

#include <cstdlib>

namespace edgeless {

namespace {

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

void read_general(node_settings& result, settings_section general) {
  auto& x = result.general;
  std::string id;
  general.read("node_id", id, presence::required);
  if (auto parsed = parse_id<node_id>(id); parsed && *parsed)
    x.node_id = *parsed;
  else if (general.has("node_id"))
    general.add_problem("node_id", "\"" + id
                                     + "\" is not a UUID such as "
                                       "fda6ce79-46df-4f96-a0d2-456f720f606c");
  general.read_url("agent_url", x.agent_url, presence::required);
  general.read_url("agent_url_announced", x.agent_url_announced);
  general.read_url("invocation_url", x.invocation_url, presence::required);
  general.read_url("invocation_url_announced", x.invocation_url_announced);
  general.read_url("invocation_url_coap", x.invocation_url_coap);
  general.read_url("invocation_url_announced_coap",
                   x.invocation_url_announced_coap);
  general.read_url("orchestrator_url", x.orchestrator_url, presence::required);
  std::string cache;
  general.read("code_cache", cache);
  general.report_unknown_keys();
  set_announced(x.agent_url_announced, x.agent_url);
  set_announced(x.invocation_url_announced, x.invocation_url);
  set_announced(x.invocation_url_announced_coap, x.invocation_url_coap);
  x.code_cache = cache;
  if (cache.empty())
    x.code_cache = default_code_cache(x.node_id);
}

void read_telemetry(node_settings& result, settings_section telemetry) {
  auto& x = result.telemetry;
  telemetry.read_url("metrics_url", x.metrics_url);
  telemetry.read("performance_samples", x.performance_samples);
  std::string level;
  telemetry.read("log_level", level);
  if (auto parsed = parse_log_level(level))
    x.log_level = *parsed;
  else if (!level.empty())
    telemetry.add_problem("log_level",
                          "must be \"\" or one of off, error, warn, "
                          "info, debug, trace");
  telemetry.report_unknown_keys();
}

void read_runtimes(node_settings& result, settings_section& root) {
  auto wasm = root.section("wasm_runtime");
  wasm.read("enabled", result.wasm_runtime.enabled);
  wasm.read("memory_mib", result.wasm_runtime.memory_mib, 0, 1u << 24);
  std::string where;
  wasm.read("isolation", where);
  if (auto parsed = parse_isolation(where))
    result.wasm_runtime.where = *parsed;
  else if (!where.empty())
    wasm.add_problem("isolation", "must be \"shared\" or \"process\"");
  wasm.report_unknown_keys();
  auto container = root.section("container_runtime");
  container.read("enabled", result.container_runtime.enabled);
  container.read_url("guest_api_host_url",
                     result.container_runtime.guest_api_host_url);
  container.report_unknown_keys();
}

void read_resources(resource_settings& x, settings_section resources) {
  resources.read_url("http_ingress_url", x.http_ingress_url);
  resources.read("http_ingress_provider", x.http_ingress_provider);
  resources.read("http_egress_provider", x.http_egress_provider);
  resources.read("file_log_provider", x.file_log_provider);
  resources.read("redis_provider", x.redis_provider);
  resources.read_url("dda_url", x.dda_url);
  resources.read("dda_provider", x.dda_provider);
  resources.read("kafka_egress_provider", x.kafka_egress_provider);
  auto ollama = resources.section("ollama_provider");
  ollama.read("host", x.ollama_provider.host);
  ollama.read("port", x.ollama_provider.port, 1, 65535);
  ollama.read("messages_number_limit", x.ollama_provider.messages_number_limit,
              0, 65535);
  ollama.read("provider", x.ollama_provider.provider);
  ollama.report_unknown_keys();
  for (auto& item : resources.sections("serverless_provider")) {
    serverless_settings serverless;
    item.read("class_type", serverless.class_type);
    item.read("version", serverless.version);
    item.read("function_url", serverless.function_url);
    item.read("provider", serverless.provider);
    item.report_unknown_keys();
    x.serverless_provider.push_back(std::move(serverless));
  }
  resources.report_unknown_keys();
}

void read_capabilities(user_capabilities& x, settings_section section) {
  constexpr std::uint32_t most = 1u << 30;
  auto read = [&](const std::string& key, auto& value, auto... range) {
    if (section.has(key))
      section.read(key, value.emplace(), range...);
    else
      section.accept(key);
  };
  read("num_cpus", x.num_cpus, 0u, most);
  read("model_name_cpu", x.model_name_cpu);
  read("clock_freq_cpu", x.clock_freq_cpu, 0.0, 1e9);
  read("num_cores", x.num_cores, 0u, most);
  read("mem_size", x.mem_size, 0u, most);
  read("labels", x.labels);
  read("is_tee_running", x.is_tee_running);
  read("has_tpm", x.has_tpm);
  section.report_unknown_keys();
}

} // namespace

void read(node_settings& result, settings_section& root) {
  read_general(result, root.section("general", presence::required));
  read_telemetry(result, root.section("telemetry"));
  read_runtimes(result, root);
  read_resources(result.resources, root.section("resources"));
  read_capabilities(result.user_node_capabilities,
                    root.section("user_node_capabilities"));
  result.tls = read_tls(root);
}

} // namespace edgeless
