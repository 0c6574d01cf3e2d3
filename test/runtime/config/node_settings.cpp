// SPDX-License-Identifier: MIT
#include "runtime/config/settings.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

namespace {

/// The second node of the specification's walk-through, literally.
const std::string node_2_toml = R"([general]
node_id = "fda6ce79-46df-4f96-a0d2-456f720f606d"
agent_url = "http://127.0.0.1:7221"
agent_url_announced = ""
invocation_url = "http://127.0.0.1:7202"
invocation_url_announced = ""
orchestrator_url = "http://127.0.0.1:7011"
[telemetry]
metrics_url = ""
performance_samples = true
[wasm_runtime]
enabled = true
)";

node_settings node(const std::string& more = "") {
  auto result = parse_node_settings("n", node_2_toml + more);
  REQUIRE_MESSAGE(result, explain(result.error()));
  return *result;
}

std::string problem(const std::string& text) {
  auto result = parse_node_settings("n", text);
  REQUIRE(!result);
  return explain(result.error());
}

} // namespace

TEST_CASE(
  "node settings: loads the second node of the specification's walk-through") {
  auto settings = node();

  CHECK(to_string(settings.general.node_id)
        == "fda6ce79-46df-4f96-a0d2-456f720f606d");
  CHECK(settings.general.agent_url_announced == "http://127.0.0.1:7221");
  CHECK(settings.general.invocation_url_announced == "http://127.0.0.1:7202");
  CHECK(settings.general.orchestrator_url == "http://127.0.0.1:7011");
  CHECK(settings.telemetry.metrics_url == "");
  CHECK(settings.telemetry.log_level == log_level::off);
  CHECK(settings.telemetry.performance_samples);
  CHECK(settings.wasm_runtime.enabled);
  CHECK(settings.wasm_runtime.memory_mib == 0);
  CHECK(settings.wasm_runtime.hibernate_after_ms == 30000);
}

TEST_CASE("node settings: features that the file does not mention are off") {
  auto settings = node();

  CHECK(settings.resources.file_log_provider == "");
  CHECK(settings.resources.redis_provider == "");
  CHECK(!settings.user_node_capabilities.num_cpus);
  CHECK(!settings.user_node_capabilities.labels);
}

TEST_CASE("node settings: without [wasm_runtime] the runtime is disabled") {
  auto end = node_2_toml.find("[wasm_runtime]");
  auto settings = parse_node_settings("n", node_2_toml.substr(0, end));

  REQUIRE(settings);
  CHECK(!settings->wasm_runtime.enabled);
}

TEST_CASE("node settings: an announced URL replaces the bound URL only where "
          "it is given") {
  auto text = node_2_toml;
  auto at = text.find("invocation_url_announced = \"");
  text.insert(at + 28, "http://gateway:80");
  auto settings = parse_node_settings("n", text);

  REQUIRE(settings);
  CHECK(settings->general.invocation_url == "http://127.0.0.1:7202");
  CHECK(settings->general.invocation_url_announced == "http://gateway:80");
}

TEST_CASE("node settings: the code cache is per node by default and can be "
          "configured") {
  auto text = node_2_toml;
  text.insert(text.find("[telemetry]"), "code_cache = \"/var/cache/x\"\n");

  CHECK(parse_node_settings("n", text)->general.code_cache == "/var/cache/x");
  auto by_default = node().general.code_cache;
  CHECK(
    (by_default.empty()
     || by_default.filename() == "code-fda6ce79-46df-4f96-a0d2-456f720f606d"));
}

TEST_CASE("node settings: configured capabilities are read") {
  auto user = node(R"(
[user_node_capabilities]
num_cpus = 4
clock_freq_cpu = 2400
labels = ["gpu", "hall-7"]
is_tee_running = true
disk_tot_space = 958237
num_gpus = 2
model_name_gpu = "a GPU"
mem_size_gpu = 8192
)")
                .user_node_capabilities;

  CHECK(user.num_cpus == 4u);
  CHECK(user.clock_freq_cpu == 2400);
  CHECK(user.labels == std::vector<std::string>{"gpu", "hall-7"});
  CHECK(user.is_tee_running == true);
  CHECK(user.disk_tot_space == 958237u);
  CHECK(user.num_gpus == 2u);
  CHECK(user.model_name_gpu == "a GPU");
  CHECK(user.mem_size_gpu == 8192u);
  CHECK(!user.has_tpm);
  CHECK(!user.model_name_cpu);
}

TEST_CASE("node settings: a resource exists if it has a provider name") {
  auto resources = node(R"(
[resources]
http_ingress_url = "http://127.0.0.1:7035"
http_ingress_provider = "http-ingress-1"
file_log_provider = "file-log-1"
ollama_provider = { host = "h", port = 1, provider = "ollama-1" }
[[resources.serverless_provider]]
class_type = "serverless-x"
function_url = "http://a:1"
provider = "s-1"
)")
                     .resources;

  CHECK(resources.file_log_provider == "file-log-1");
  CHECK(resources.http_ingress_url == "http://127.0.0.1:7035");
  CHECK(resources.http_ingress_provider == "http-ingress-1");
  CHECK(resources.http_poster_provider == "");
  CHECK(resources.http_allow.empty());
  CHECK(resources.redis_provider == "");
  CHECK(resources.ollama_provider.provider == "ollama-1");
  CHECK(resources.ollama_provider.messages_number_limit == 30);
  CHECK(resources.serverless_provider.at(0).provider == "s-1");
  CHECK(resources.cron_provider == "");
  CHECK(resources.sqlx_directory == ".");
}

TEST_CASE("node settings: a serverless provider needs a class and a URL, "
          "ollama a port") {
  CHECK(
    problem(R"([general]
node_id = "fda6ce79-46df-4f96-a0d2-456f720f606c"
agent_url = "http://127.0.0.1:7021"
invocation_url = "http://127.0.0.1:7002"
orchestrator_url = "http://127.0.0.1:7011"
[resources.ollama_provider]
port = 70000
messages_number_limit = 2000
[[resources.serverless_provider]]
provider = "s-1"
function_url = "localhost:5000"
[[resources.serverless_provider]]
class_type = "unused, since it has no name"
)")
    == "n:7: resources.ollama_provider.port: must be from 1 to 65535\n"
       "n:8: resources.ollama_provider.messages_number_limit: must be from "
       "0 to 1000\n"
       "n:9: resources.serverless_provider[0].class_type: is missing; it names "
       "a class of resources\n"
       "n:11: resources.serverless_provider[0].function_url: "
       "\"localhost:5000\" is no URL such as https://example.org/path");
}

TEST_CASE(
  "node settings: the error lists all problems in the order of their lines") {
  CHECK(
    problem(R"([general]
node_id = "me"
agent_url = "127.0.0.1:7221"
invocation_url = 7202
orchestrator_url = "http://127.0.0.1:70110"
[telemetry]
log_level = "loud"
[wasm_runtime]
enable = true
)")
    == R"(n:2: general.node_id: "me" is not a UUID such as )"
       "fda6ce79-46df-4f96-a0d2-456f720f606c\n"
       R"(n:3: general.agent_url: "127.0.0.1:7221": no scheme, not like )"
       "http://127.0.0.1:7001\n"
       R"(n:4: general.invocation_url: must be a URL such as )"
       "\"http://127.0.0.1:7001\", not an integer\n"
       R"(n:5: general.orchestrator_url: "http://127.0.0.1:70110": the port )"
       "is no number from 0 to 65535, not like http://127.0.0.1:7001\n"
       R"(n:7: telemetry.log_level: must be "" or one of off, error, warn, )"
       "info, debug, trace\n"
       "n:9: wasm_runtime.enable: is unknown; did you mean enabled?");
}

TEST_CASE("node settings: the section [general] is required") {
  CHECK(problem("[telemetry]\n")
        == "n:1: general: is missing; it is a section");
}

TEST_CASE("node settings: refuses the nil UUID as node_id") {
  auto text = node_2_toml;
  text.replace(text.find("fda6ce79"), 36,
               "00000000-0000-0000-0000-000000000000");
  CHECK(problem(text).starts_with("n:2: general.node_id: "));
}

TEST_CASE("node settings: isolation is shared or process") {
  CHECK(node().wasm_runtime.isolation == isolation::shared);
  CHECK(node("isolation = \"process\"\n").wasm_runtime.isolation
        == isolation::process);
  CHECK(problem(node_2_toml + "isolation = \"cell\"\n")
          .find("must be \"shared\" or \"process\"")
        != std::string::npos);
}

TEST_CASE("node settings: message brokers and their store") {
  auto x = node("[resources]\nmqtt_egress_provider = \"m\"\n"
                "kafka_properties = [\"linger.ms=1\"]\ndda_url = \"\"\n"
                "store_directory = \"/s\"\nstore_mib = 7\n")
             .resources;
  CHECK(x.mqtt_egress_provider == "m");
  CHECK(x.mqtt_ingress_provider == "");
  CHECK(x.kafka_properties == std::vector<std::string>{"linger.ms=1"});
  CHECK(x.store_directory == "/s");
  CHECK(x.store_mib == 7);
  CHECK(node().resources.store_directory.string().ends_with(
    "/edgeless/store-fda6ce79-46df-4f96-a0d2-456f720f606d"));
  for (auto wrong : {"0", "2000000"})
    CHECK(problem(node_2_toml + "[resources]\nstore_mib = " + wrong + "\n")
            .find("store_mib: must be from 1 to 1048576")
          != std::string::npos);
}

TEST_CASE("node settings: keys of EDGELESS without effect are accepted") {
  node("[container_runtime]\nenabled = true\n");
  CHECK(problem(node_2_toml + "[resources]\nfile_log_provder = \"k\"\n")
        == "n:14: resources.file_log_provder: is unknown; did you mean "
           "file_log_provider?");
}
