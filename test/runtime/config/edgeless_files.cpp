// SPDX-License-Identifier: MIT
// The keys of the configuration files of each release of EDGELESS, from its
// templates (`-t`), its documentation and its deployment scripts.
#include "runtime/config/settings.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace edgeless;

using lines = std::vector<std::string>;

namespace {

const std::string controller_d42 = R"(
controller_url = "http://127.0.0.1:7001"
orchestrators = [
  { domain_id = "domain-1", orchestrator_url = "http://127.0.0.1:7011" } ]
)";

/// Of D4.2 and v1.0.0.
const std::string orchestrator_v10 = R"(
general.domain_id = "domain-1"
general.orchestrator_url = "http://127.0.0.1:7011"
general.orchestrator_url_announced = ""
general.orchestrator_coap_url = "coap://127.0.0.1:7050"
general.orchestrator_coap_url_announced = ""
general.agent_url = "http://127.0.0.1:7121"
general.agent_url_announced = ""
general.invocation_url = "http://127.0.0.1:7102"
general.invocation_url_announced = ""
baseline.orchestration_strategy = "Random"
baseline.keep_alive_interval_secs = 2
proxy.proxy_type = "None"
proxy.redis_url = ""
proxy.dataset_settings.dataset_path = ""
proxy.dataset_settings.append = true
proxy.dataset_settings.additional_fields = ""
proxy.dataset_settings.additional_header = ""
collector.collector_type = "None"
collector.redis_url = ""
)";

const std::string node_general = R"(
general.node_id = "fda6ce79-46df-4f96-a0d2-456f720f606c"
general.agent_url = "http://127.0.0.1:7021"
general.agent_url_announced = ""
general.invocation_url = "http://127.0.0.1:7002"
general.invocation_url_announced = ""
)";

const std::string joins_orchestrator = R"(
general.orchestrator_url = "http://127.0.0.1:7011"
)";

const std::string node_rest = R"(
general.invocation_url_coap = "coap://127.0.0.1:7002"
general.invocation_url_announced_coap = ""
telemetry.metrics_url = "http://127.0.0.1:7003"
telemetry.performance_samples = true
wasm_runtime.enabled = true
container_runtime.enabled = false
container_runtime.guest_api_host_url = "http://127.0.0.1:7100"
resources.http_ingress_url = "http://127.0.0.1:7035"
resources.http_ingress_provider = "http-ingress-1"
resources.http_egress_provider = "http-egress-1"
resources.file_log_provider = "file-log-1"
resources.redis_provider = "redis-1"
resources.dda_provider = "dda-1"
resources.kafka_egress_provider = "kafka-egress-1"
resources.ollama_provider.host = "localhost"
resources.ollama_provider.port = 11434
resources.ollama_provider.messages_number_limit = 30
resources.ollama_provider.provider = "ollama-1"
user_node_capabilities.num_cpus = 12
user_node_capabilities.model_name_cpu = "some CPU"
user_node_capabilities.clock_freq_cpu = 1912
user_node_capabilities.num_cores = 10
user_node_capabilities.mem_size = 31464
user_node_capabilities.labels = []
user_node_capabilities.is_tee_running = false
user_node_capabilities.has_tpm = false
)";

const std::string capabilities_v10 = R"(
user_node_capabilities.disk_tot_space = 958237
user_node_capabilities.num_gpus = 0
user_node_capabilities.model_name_gpu = ""
user_node_capabilities.mem_size_gpu = 0
)";

const std::string node_d42 = node_general + joins_orchestrator + node_rest
                             + "telemetry.log_level = \"info\"\n"
                               "resources.dda_url = \"http://127.0.0.1:1\"\n";
const std::string node_v10 = node_general + joins_orchestrator + node_rest
                             + "telemetry.log_level = \"info\"\n"
                             + capabilities_v10;

/// What v1.1.0 adds; it has neither orchestrator_url nor log_level.
const std::string node_v11 = node_general + node_rest + capabilities_v10 + R"(
general.node_register_url = "http://127.0.0.1:7012"
general.subscription_refresh_interval_sec = 2
resources.prepend_hostname = true
resources.sqlx_provider = "sqlx-1"
[[resources.serverless_provider]]
class_type = "double"
version = "0.1"
function_url = "http://127.0.0.1:5000/double"
provider = "double-1"
[power_info]
modbus_endpoint = "127.0.0.1:502"
outlet_number = 1
)";
const std::string node_v12
  = "resources.http_poster_provider = \"poster-1\"\n" + node_v11;
const std::string node_after_v12
  = "resources.file_pusher_provider = { directory = \"\", provider = \"p\" }\n"
    + node_v12;

/// Of v1.1.0, v1.2.0 and later.
const std::string orchestrator_v11 = R"(
general.domain_register_url = "http://127.0.0.1:7002"
general.subscription_refresh_interval_sec = 2
general.domain_id = "domain-7000"
general.orchestrator_url = "http://127.0.0.1:7003"
general.orchestrator_url_announced = ""
general.node_register_url = "http://127.0.0.1:7004"
general.node_register_coap_url = "coap://127.0.0.1:7004"
baseline.orchestration_strategy = "Random"
proxy.proxy_type = "None"
proxy.proxy_gc_period_seconds = 10
proxy.redis_url = ""
proxy.dataset_settings.dataset_path = ""
proxy.dataset_settings.append = true
proxy.dataset_settings.additional_fields = ""
proxy.dataset_settings.additional_header = ""
)";

const std::string controller_v11 = R"(
controller_url = "http://127.0.0.1:7001"
domain_register_url = "http://127.0.0.1:7002"
persistence_filename = "controller.save"
)";

/// The keys at the beginning of `file:line: key: reason`.
lines keys_of(const lines& sentences) {
  lines result;
  for (auto& x : sentences) {
    auto begin = x.find(": ") + 2;
    result.push_back(x.substr(begin, x.find(": ", begin) - begin));
  }
  return result;
}

template <class Settings>
Settings accepted(caf::expected<Settings> loaded) {
  REQUIRE_MESSAGE(loaded, explain(loaded.error()));
  return *loaded;
}

/// The keys of the problems, each of which has to say what to do: a list of
/// the accepted keys or a similar key of another meaning would not.
template <class Settings>
lines translated(const caf::expected<Settings>& loaded) {
  REQUIRE(!loaded);
  auto text = explain(loaded.error());
  CHECK_MESSAGE(text.find("did you mean") == text.npos, text);
  CHECK_MESSAGE(text.find("is unknown") == text.npos, text);
  lines all;
  for (std::size_t end; !text.empty(); text.erase(0, end)) {
    end = std::min(text.find('\n'), text.size() - 1) + 1;
    all.push_back(text.substr(0, end));
  }
  return keys_of(all);
}

} // namespace

TEST_CASE("EDGELESS files: the templates of D4.2 and v1.0.0 load") {
  accepted(parse_controller_settings("c", controller_d42));
  accepted(
    parse_cli_settings("x", "controller_url = \"http://127.0.0.1:7001\""));
  auto orchestrator
    = accepted(parse_orchestrator_settings("o", orchestrator_v10));
  CHECK(keys_of(orchestrator.notices)
        == lines{"general.orchestrator_coap_url"});
  CHECK(orchestrator.proxy.dataset == dataset_settings{});
  accepted(parse_node_settings("n", node_d42));
  auto node = accepted(parse_node_settings("n", node_v10));
  CHECK(node.user_node_capabilities.disk_tot_space == 958237u);
  CHECK(node.user_node_capabilities.num_cpus == 12u);
  CHECK(node.user_node_capabilities.num_gpus == 0u);
}

TEST_CASE("EDGELESS files: an announced URL that is announced to no program is "
          "told") {
  auto text = orchestrator_v10;
  auto at = text.find("orchestrator_url_announced = \"\"");
  text.insert(at + 30, "http://gateway:7011");
  auto orchestrator = accepted(parse_orchestrator_settings("o", text));
  CHECK(keys_of(orchestrator.notices)
        == lines{"general.orchestrator_url_announced",
                 "general.orchestrator_coap_url"});
}

TEST_CASE("EDGELESS files: what a node does not do is told once per key") {
  auto node = accepted(parse_node_settings("n", node_v10));
  CHECK(keys_of(node.notices) == lines{"general.invocation_url_coap"});
  CHECK(node.resources.dda_provider == "dda-1");
  CHECK(node.resources.kafka_egress_provider == "kafka-egress-1");
  auto text = node_v10;
  text.replace(text.find("container_runtime.enabled = false"), 33,
               "container_runtime.enabled = true ");
  auto loud = accepted(parse_node_settings("n.toml", text));
  CHECK(loud.notices.at(1)
        == "n.toml:15: container_runtime.enabled: there is no container "
           "run-time: functions of type CONTAINER are refused");
}

TEST_CASE("EDGELESS files: the files of its documentation load") {
  // deploy_step_by_step.md and deployment/node/start.sh
  auto node
    = accepted(parse_node_settings("n", node_general + joins_orchestrator + R"(
general.metrics_url = "http://127.0.0.1:7003"
wasm_runtime.enabled = true
user_node_capabilities.labels = ["x"]
user_node_capabilities.num_cpus = 1
user_node_capabilities.clock_freq_cpu = 1000
user_node_capabilities.num_cores = 1
resources.dda_provider = "dda-1"
resources.dda_url = "http://127.0.0.1:12000"
)"));
  CHECK(node.telemetry.metrics_url == "");
  CHECK(keys_of(node.notices) == lines{"general.metrics_url"});
  CHECK(node.resources.dda_url == "http://127.0.0.1:12000");
  // orchestration.md
  accepted(parse_node_settings("n", node_general + joins_orchestrator + R"(
telemetry.metrics_url = ""
telemetry.performance_samples = true
wasm_runtime.enabled = true
)"));
  // benchmark.md
  auto orchestrator = accepted(parse_orchestrator_settings("o", R"(
general.domain_id = "domain-1"
general.orchestrator_url = "http://127.0.0.1:7011"
proxy.proxy_type = "Redis"
proxy.redis_url = "redis://127.0.0.1:6379"
proxy.dataset_settings.dataset_path = "dataset/myexp-"
proxy.dataset_settings.append = true
proxy.dataset_settings.additional_fields = "a,b"
proxy.dataset_settings.additional_header = "h_a,h_b"
collector.collector_type = "Redis"
collector.redis_url = "redis://127.0.0.1:6379"
)"));
  CHECK(orchestrator.proxy.dataset.dataset_path == "dataset/myexp-");
}

TEST_CASE("EDGELESS files: the keys of later releases are translated") {
  lines of_node{"general.orchestrator_url", "general.node_register_url",
                "general.subscription_refresh_interval_sec",
                "resources.prepend_hostname"};
  for (auto& text : {node_v11, node_v12, node_after_v12}) {
    auto keys = translated(parse_node_settings("n", text));
    std::ranges::sort(keys);
    auto expected = of_node;
    std::ranges::sort(expected);
    CHECK(keys == expected);
  }
  CHECK(translated(parse_orchestrator_settings("o", orchestrator_v11))
        == lines{"general.domain_register_url",
                 "general.subscription_refresh_interval_sec",
                 "general.node_register_url", "general.node_register_coap_url",
                 "proxy.proxy_gc_period_seconds"});
  CHECK(translated(parse_controller_settings("c", controller_v11))
        == lines{"orchestrators", "domain_register_url"});
}

TEST_CASE("EDGELESS files: a translated file of a later release loads") {
  auto text = node_after_v12;
  for (auto key : {"general.node_register_url", "resources.prepend_hostname",
                   "general.subscription_refresh_interval_sec"}) {
    auto begin = text.find(key);
    text.erase(begin, text.find('\n', begin) - begin);
  }
  auto node = accepted(parse_node_settings("n", joins_orchestrator + text));
  CHECK(std::ranges::count(keys_of(node.notices), "power_info") == 1);
  auto& resources = node.resources;
  CHECK(resources.file_pusher_provider.provider == "p");
  CHECK(resources.sqlx_provider == "sqlx-1");
  REQUIRE(resources.serverless_provider.size() == 1);
  CHECK(resources.serverless_provider[0].class_type == "double");
  CHECK(resources.serverless_provider[0].function_url.text
        == "http://127.0.0.1:5000/double");
}

TEST_CASE("EDGELESS files: any section for a function repository loads") {
  for (auto key : {"basic_auth_user", "api_key"})
    accepted(parse_cli_settings(
      "x", std::string{"controller_url = \"http://127.0.0.1:7001\"\n"
                       "[function_repository]\nurl = \"http://a:1\"\n"}
             + key + " = \"x\"\n"));
}
