// SPDX-License-Identifier: MIT
#include "runtime/config/templates.hpp"

#include "test/fixtures/build_paths.hpp"
#include "test/fixtures/temporary_folder.hpp"

#include "runtime/base/files.hpp"
#include "runtime/config/settings.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

random_source seeded() {
  return std::mt19937_64{4711};
}

std::string conf(const std::string& name) {
  auto text = read_file(test::conf_folder() / name, limits::configuration);
  REQUIRE_MESSAGE(text, explain(text.error()));
  return *text;
}

node_settings node_of(const config_file& file) {
  auto result = parse_node_settings(file.name, file.text);
  REQUIRE_MESSAGE(result, explain(result.error()));
  return *result;
}

/// The text value of a key that occurs once in a file.
std::string value_of(const std::string& text, const std::string& key) {
  auto begin = text.find('\n' + key + " = \"");
  REQUIRE(begin != std::string::npos);
  begin += key.size() + 5;
  return text.substr(begin, text.find('"', begin) - begin);
}

} // namespace

TEST_CASE("templates: are the files of conf/") {
  CHECK(controller_template() == conf("controller.toml"));
  CHECK(orchestrator_template() == conf("orchestrator.toml"));
  CHECK(cli_template() == conf("cli.toml"));
}

TEST_CASE("templates: node.toml differs from conf/ by node_id only") {
  auto text = node_template(seeded());
  auto settings = parse_node_settings("n", text);
  REQUIRE_MESSAGE(settings, explain(settings.error()));
  auto id = to_string(settings->general.node_id);
  text.replace(text.find(id), id.size(),
               "fda6ce79-46df-4f96-a0d2-456f720f606c");

  CHECK(text == conf("node.toml"));
  CHECK(id != "fda6ce79-46df-4f96-a0d2-456f720f606c");
}

TEST_CASE("templates: have the values of EDGELESS") {
  auto controller = parse_controller_settings("c", controller_template());
  auto orchestrator = parse_orchestrator_settings("o", orchestrator_template());
  auto cli = parse_cli_settings("cli", cli_template());
  REQUIRE_MESSAGE(controller, explain(controller.error()));
  REQUIRE_MESSAGE(orchestrator, explain(orchestrator.error()));
  REQUIRE_MESSAGE(cli, explain(cli.error()));

  CHECK(controller->controller_url == "http://127.0.0.1:7001");
  CHECK(controller->orchestrators
        == std::vector<domain_address>{{"domain-1", "http://127.0.0.1:7011"}});
  CHECK(orchestrator->general.domain_id == "domain-1");
  CHECK(orchestrator->general.invocation_url == "http://127.0.0.1:7102");
  CHECK(orchestrator->baseline.keep_alive_interval == 2s);
  CHECK(orchestrator->proxy.redis_url == "");
  CHECK(cli->controller_url == "http://127.0.0.1:7001");
}

TEST_CASE("templates: ask for nothing that this version does not do") {
  CHECK(node_of({"node.toml", node_template(seeded())}).notices.empty());
  CHECK(
    parse_orchestrator_settings("o", orchestrator_template())->notices.empty());
  CHECK(parse_controller_settings("c", controller_template())->notices.empty());
  CHECK(parse_cli_settings("cli", cli_template())->notices.empty());
}

TEST_CASE("templates: node.toml enables all resources") {
  auto settings = node_of({"node.toml", node_template(seeded())});

  CHECK(settings.telemetry.log_level == log_level::info);
  CHECK(settings.telemetry.performance_samples);
  CHECK(settings.wasm_runtime.enabled);
  CHECK(settings.resources.file_log_provider == "file-log-1");
  CHECK(settings.resources.redis_provider == "redis-1");
}

TEST_CASE("templates: a box has a file for each program") {
  auto files = box_templates(seeded());

  REQUIRE(files.size() == 3);
  CHECK(files[0].name == "node.toml");
  CHECK(files[1].text == orchestrator_template());
  CHECK(files[2].text == controller_template());
}

TEST_CASE("templates: the nodes of a box have different ids and ports") {
  auto files = box_templates(3, seeded());
  REQUIRE(files);
  REQUIRE(files->size() == 5);
  CHECK((*files)[2].name == "node1.toml");
  CHECK((*files)[4].name == "node3.toml");

  std::set<std::string> different;
  for (std::size_t i = 2; i < 5; ++i) {
    auto settings = node_of((*files)[i]);
    different.insert(
      {to_string(settings.general.node_id), settings.general.agent_url,
       settings.general.invocation_url, settings.telemetry.metrics_url});
    CHECK(settings.general.orchestrator_url == "http://127.0.0.1:7011");
  }
  CHECK(different.size() == 3 * 4);
}

TEST_CASE("templates: only the first node of a box has resources") {
  auto files = box_templates(2, seeded());
  REQUIRE(files);
  auto& first = (*files)[2].text;
  auto& second = (*files)[3].text;

  CHECK(value_of(first, "file_log_provider") == "file-log-1");
  for (auto key :
       {"file_log_provider", "http_ingress_provider", "http_egress_provider",
        "http_poster_provider", "redis_provider"})
    CHECK(value_of(second, key) == "");
}

TEST_CASE("templates: a box has from 1 to limits::box_nodes nodes") {
  CHECK(!box_templates(0, seeded()));
  CHECK(!box_templates(limits::box_nodes + 1, seeded()));
  auto files = box_templates(limits::box_nodes, seeded());
  REQUIRE(files);
  node_of(files->back());
}

TEST_CASE("templates: write_template creates a new file") {
  folder in;
  CHECK(!write_template(in / "cli.toml", cli_template()));
  CHECK(*read_file(in / "cli.toml", limits::configuration) == cli_template());
}

TEST_CASE("templates: an existing configuration file is not overwritten") {
  folder in;
  in.write("cli.toml", "mine");
  auto error = write_template(in / "cli.toml", cli_template());

  CHECK(explain(error)
        == "cannot overwrite configuration file: "
             + (in / "cli.toml").string());
  CHECK(*read_file(in / "cli.toml", 100) == "mine");
}

TEST_CASE("templates: no file of a box is written if one exists") {
  folder in;
  in.write("controller.toml", "mine");
  auto error = write_templates(in / "", box_templates(seeded()));

  CHECK(error);
  CHECK(!std::filesystem::exists(in / "node.toml"));
}

TEST_CASE("templates: write_box needs an absent or empty folder") {
  folder in;
  CHECK(!write_box(in / "config", box_templates(seeded())));
  CHECK(std::filesystem::exists(in / "config" / "node.toml"));
  CHECK(write_box(in / "config", box_templates(seeded())));
}

TEST_CASE("templates: a box has consecutive ports from the first one") {
  auto files = with_ports_from(*box_templates(2, seeded()), 9000);
  REQUIRE(files);
  std::map<std::string, std::string> texts;
  for (auto& [name, text] : *files)
    texts[name] = text;

  auto controller = parse_controller_settings("c", texts["controller.toml"]);
  auto orchestrator
    = parse_orchestrator_settings("o", texts["orchestrator.toml"]);
  auto cli = parse_cli_settings("cli", texts["cli.toml"]);
  auto first = node_of({"node1.toml", texts["node1.toml"]});
  auto second = node_of({"node2.toml", texts["node2.toml"]});
  REQUIRE(controller);
  REQUIRE(orchestrator);
  REQUIRE(cli);
  CHECK(controller->controller_url == "http://127.0.0.1:9001");
  CHECK(cli->controller_url == controller->controller_url);
  CHECK(
    controller->orchestrators
    == std::vector<domain_address>{{"domain-9000", "http://127.0.0.1:9000"}});
  CHECK(orchestrator->general.domain_id == "domain-9000");
  CHECK(orchestrator->general.orchestrator_url == "http://127.0.0.1:9000");
  CHECK(orchestrator->general.invocation_url == "http://127.0.0.1:9003");
  CHECK(first.general.orchestrator_url == "http://127.0.0.1:9000");
  CHECK(first.general.agent_url == "http://127.0.0.1:9004");
  CHECK(second.general.invocation_url == "http://127.0.0.1:9009");
  CHECK(second.telemetry.metrics_url == "http://127.0.0.1:9010");
}

TEST_CASE("templates: ports may be those of the defaults, in another order") {
  for (auto port : {6991u, 7001u, 7010u, 7011u}) {
    auto files = with_ports_from(box_templates(seeded()), port);
    REQUIRE(files);
    auto& controller = (*files)[2];
    auto settings = parse_controller_settings("c", controller.text);
    REQUIRE(settings);
    CHECK(settings->controller_url
          == "http://127.0.0.1:" + std::to_string(port + 1));
    CHECK(settings->orchestrators[0].orchestrator_url
          == "http://127.0.0.1:" + std::to_string(port));
  }
}

TEST_CASE("templates: ports beyond 65535 are an error") {
  CHECK(!with_ports_from(box_templates(seeded()), 0));
  CHECK(with_ports_from(box_templates(seeded()), 65528));
  CHECK(explain(with_ports_from(box_templates(seeded()), 65529).error())
        == "the ports of this box would be from 65529 to 65536: they have to "
           "be from 1 to 65535");
}

TEST_CASE("templates: a box can listen on an address of this machine") {
  for (auto& file : with_host(box_templates(seeded()), "10.1.2.3"))
    CHECK(file.text.find("http://127.0.0.1") == std::string::npos);
  auto node = node_of(with_host(box_templates(seeded()), "10.1.2.3")[0]);
  CHECK(node.general.agent_url_announced == "http://10.1.2.3:7021");
}
