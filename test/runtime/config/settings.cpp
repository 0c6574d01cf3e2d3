// SPDX-License-Identifier: MIT
#include "runtime/config/settings.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

const std::string controller_toml = R"(
controller_url = "http://127.0.0.1:7001"
orchestrators = [ 
  { domain_id = "domain-1", orchestrator_url="http://127.0.0.1:7011" } ]
)";

const std::string orchestrator_toml = R"(
[general]
domain_id = "domain-1"
orchestrator_url = "http://127.0.0.1:7011"
)";

orchestrator_settings orchestrator(const std::string& more = "") {
  auto result = parse_orchestrator_settings("o", orchestrator_toml + more);
  REQUIRE_MESSAGE(result, explain(result.error()));
  return *result;
}

std::string orchestrator_problem(const std::string& more) {
  auto result = parse_orchestrator_settings("o", orchestrator_toml + more);
  REQUIRE(!result);
  return explain(result.error());
}

} // namespace

TEST_CASE("controller settings: reads the orchestrators of the domains") {
  auto settings = parse_controller_settings("c", controller_toml);

  REQUIRE(settings);
  CHECK(settings->controller_url == "http://127.0.0.1:7001");
  CHECK(settings->orchestrators
        == std::vector<domain_address>{{"domain-1", "http://127.0.0.1:7011"}});
}

TEST_CASE("controller settings: orchestrators is required") {
  auto settings = parse_controller_settings(
    "c.toml", "controller_url = \"http://127.0.0.1:7001\"");

  REQUIRE(!settings);
  CHECK(explain(settings.error())
        == "c.toml:1: orchestrators: is missing; it is an array of tables");
}

TEST_CASE("controller settings: refuses two orchestrators for one domain") {
  auto settings = parse_controller_settings("c", R"(
controller_url = "http://127.0.0.1:7001"
[[orchestrators]]
domain_id = "a"
orchestrator_url = "http://127.0.0.1:7011"
[[orchestrators]]
domain_id = "a"
orchestrator_url = "http://127.0.0.1:7012"
)");

  REQUIRE(!settings);
  CHECK(explain(settings.error())
        == "c:7: orchestrators[1].domain_id: \"a\" is there twice");
}

TEST_CASE("orchestrator settings: absent keys have defaults") {
  auto settings = orchestrator();

  CHECK(settings.general.invocation_url_announced == "http://127.0.0.1:7102");
  CHECK(settings.baseline.orchestration_strategy == placement_strategy::random);
  CHECK(settings.baseline.keep_alive_interval == 2s);
  CHECK(settings.proxy.redis_url == "");
  CHECK(settings.collector_redis_url == "");
}

TEST_CASE(
  "orchestrator settings: the keep-alive interval may be a fraction or 0") {
  auto interval = [](const std::string& value) {
    return orchestrator("[baseline]\nkeep_alive_interval_secs = " + value)
      .baseline.keep_alive_interval;
  };
  CHECK(interval("1") == 1s);
  CHECK(interval("0.05") == 50ms);
  CHECK(interval("0.25") == 250ms);
  CHECK(interval("0") == 0s);
}

TEST_CASE("orchestrator settings: refuses keep-alive intervals below 50 ms") {
  CHECK(orchestrator_problem("[baseline]\nkeep_alive_interval_secs = 0.04")
        == "o:6: baseline.keep_alive_interval_secs: must be 0 (no polling) or "
           "at least 0.05");
  CHECK(orchestrator_problem("[baseline]\nkeep_alive_interval_secs = -2")
        == "o:6: baseline.keep_alive_interval_secs: must be a number from 0 "
           "to 86400, not -2");
}

TEST_CASE("orchestrator settings: the strategy is Random or RoundRobin") {
  CHECK(orchestrator("[baseline]\norchestration_strategy = \"RoundRobin\"")
          .baseline.orchestration_strategy
        == placement_strategy::round_robin);
  CHECK(orchestrator_problem("[baseline]\norchestration_strategy = \"Best\"")
        == "o:6: baseline.orchestration_strategy: must be \"Random\" or "
           "\"RoundRobin\"");
}

TEST_CASE("orchestrator settings: proxy and collector are None or Redis") {
  auto settings = orchestrator(R"(
[proxy]
proxy_type = "Redis"
redis_url = "redis://127.0.0.1:6379"
[collector]
collector_type = "redis"
redis_url = "redis://:secret@localhost/1"
)");

  CHECK(settings.proxy.redis_url == "redis://127.0.0.1:6379");
  CHECK(settings.collector_redis_url == "redis://:secret@localhost/1");
  CHECK(orchestrator("[proxy]\nproxy_type = \"NONE\"\nredis_url = \"\"\n")
          .proxy.redis_url
        == "");
}

TEST_CASE("orchestrator settings: refuses a proxy of unknown type or without a "
          "valid URL") {
  CHECK(orchestrator_problem("[proxy]\nproxy_type = \"etcd\"")
        == "o:6: proxy.proxy_type: must be \"None\" or \"Redis\"");
  CHECK(orchestrator_problem("[proxy]\nproxy_type = \"Redis\"")
        == "o:5: proxy.redis_url: is missing; it is a URL such as "
           "\"redis://127.0.0.1:6379\"");
  CHECK(orchestrator_problem("[proxy]\nredis_url = \"http://a:1\"")
        == "o:6: proxy.redis_url: the scheme is neither redis:// nor unix:, "
           "not like redis://127.0.0.1:6379 or unix:/run/redis/redis.sock");
}

TEST_CASE("orchestrator settings: the number of samples is at least 1") {
  CHECK(orchestrator("").proxy.samples == 10000);
  CHECK(orchestrator("[proxy]\nsamples = 7").proxy.samples == 7);
  CHECK(orchestrator_problem("[proxy]\nsamples = 0")
          .starts_with("o:6: proxy.samples: "));
}

TEST_CASE("orchestrator settings: the dataset settings are read") {
  auto settings = orchestrator(R"(
[proxy]
proxy_type = "None"
[proxy.dataset_settings]
dataset_path = "dataset/myexp-"
append = false
additional_fields = "a,b"
additional_header = "h_a,h_b"
)");

  CHECK(settings.proxy.dataset
        == dataset_settings{"dataset/myexp-", false, "a,b", "h_a,h_b"});
  CHECK(orchestrator("").proxy.dataset.dataset_path == "");
  CHECK(orchestrator("").proxy.dataset.append);
}

TEST_CASE("orchestrator settings: refuses dataset columns without names, and "
          "lines in them") {
  CHECK(orchestrator_problem("[proxy.dataset_settings]\n"
                             "additional_fields = \"a,b\"\n"
                             "additional_header = \"x\"\n")
        == "o:7: proxy.dataset_settings.additional_header: has 1 columns, but "
           "additional_fields has 2");
  CHECK(orchestrator_problem("[proxy.dataset_settings]\n"
                             "dataset_path = \"a\\nb\"\n")
        == "o:6: proxy.dataset_settings.dataset_path: has control characters");
}

TEST_CASE("orchestrator settings: [collection] is an alias of [collector]") {
  auto settings = orchestrator(R"(
[collection]
collector_type = "Redis"
redis_url = "redis://127.0.0.1:6379"
)");

  CHECK(settings.collector_redis_url == "redis://127.0.0.1:6379");
}

TEST_CASE("orchestrator settings: refuses [collection] beside [collector]") {
  auto problem = orchestrator_problem("[collector]\n[collection]\n");
  CHECK(problem == "o:6: collection: is unknown; did you mean collector?");
}

TEST_CASE(
  "settings: metrics are served at metrics_url and by default not at all") {
  CHECK(orchestrator().metrics_url == "");
  CHECK(orchestrator("[telemetry]\nmetrics_url = 'http://127.0.0.1:7005'")
          .metrics_url
        == "http://127.0.0.1:7005");
  auto controller = parse_controller_settings(
    "c", controller_toml + "[telemetry]\nmetrics_url = 'http://[::1]:7004'");
  REQUIRE(controller);
  CHECK(controller->metrics_url == "http://[::1]:7004");
}

TEST_CASE("settings: refuses an invalid metrics_url") {
  CHECK(orchestrator_problem("[telemetry]\nmetrics_url = 'here'")
          .starts_with("o:6: telemetry.metrics_url: "));
}

TEST_CASE("settings: [tls] needs ca, certificate and key together") {
  auto settings = orchestrator("[tls]\nca = 'a'\ncertificate = 'b'\n"
                               "key = 'c'\n");

  CHECK(settings.tls.certificate == "b");
  CHECK(orchestrator_problem("[tls]\nca = 'a'\ncertificate = 'b'\n"
                             "key = 'c'\ninsecure = true\n")
        == "o:9: tls.insecure: contradicts ca, certificate and key");
  CHECK(orchestrator_problem("[tls]\nca = 'a'\n")
        == "o:5: tls: ca, certificate and key go together");
}

TEST_CASE("cli settings: reads controller_url and function_repository") {
  auto settings = parse_cli_settings("cli", R"(
controller_url = "http://127.0.0.1:7001"
[function_repository]
url = "http://repository:80"
basic_auth_user = "user"
basic_auth_pass = "pass"
)");

  REQUIRE(settings);
  CHECK(settings->controller_url == "http://127.0.0.1:7001");
  CHECK(settings->function_repository.url.text == "http://repository:80");
  CHECK(settings->function_repository.basic_auth_user == "user");
  CHECK(settings->function_repository.basic_auth_pass == "pass");
}

TEST_CASE("cli settings: a function repository has one web address and one way "
          "to authenticate") {
  auto problem = [](const std::string& text) {
    auto settings = parse_cli_settings("c", "controller_url = "
                                            "\"http://127.0.0.1:7001\"\n"
                                            "[function_repository]\n"
                                              + text);
    return settings ? "" : explain(settings.error());
  };

  CHECK(problem("url = \"\"\napi_key = \"\"\n") == "");
  CHECK(problem("url = \"https://example.org/a/b\"\napi_key = \"k\"\n") == "");
  CHECK(problem("url = \"example.org\"\n")
        == "c:3: function_repository.url: \"example.org\" is no URL such as "
           "https://example.org/path");
  CHECK(problem("api_key = \"k\"\nbasic_auth_user = \"u\"\n")
        == "c:3: function_repository.api_key: contradicts basic_auth_user");
}

TEST_CASE("cli settings: controller_url is required") {
  auto settings = parse_cli_settings("cli.toml", "controler_url = 'x'");

  REQUIRE(!settings);
  CHECK(explain(settings.error())
        == "cli.toml:1: controller_url: is missing; it is a URL such as "
           "\"http://127.0.0.1:7001\"\n"
           "cli.toml:1: controler_url: is unknown; did you mean "
           "controller_url?");
}

TEST_CASE("settings: the error names a missing file") {
  auto settings = load_cli_settings("/nonexistent/cli.toml");

  REQUIRE(!settings);
  CHECK(explain(settings.error())
        == "/nonexistent/cli.toml: No such file or directory");
}
