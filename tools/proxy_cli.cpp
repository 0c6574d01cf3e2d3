// SPDX-License-Identifier: MIT
#include "tools/program.hpp"
#include "tools/proxy_cli/described_workflow.hpp"
#include "tools/proxy_cli/dump.hpp"
#include "tools/proxy_cli/intents.hpp"
#include "tools/proxy_cli/show.hpp"
#include "tools/proxy_cli/top.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <filesystem>
#include <iostream>

using namespace edgeless;

namespace {

/// The chosen command, to be run when the command line has been parsed.
using store_command = std::function<caf::error(store&)>;

struct arguments {
  std::string proxy_type = "Redis";
  std::string redis_url = "redis://localhost:6379";
  std::string output = "text";
  node_format nodes = node_format::uuid;
  std::string component, node, workflow;
  bool wait = false;
  std::string controller_url;
  std::string config_file = "cli.toml";
  double timeout = std::chrono::duration<double>(limits::client).count();
  store_command chosen;
};

/// The controller of the command line, and the certificate of cli.toml.
caf::expected<cli_settings> controller_settings_of(const arguments& x) {
  cli_settings result;
  if (std::filesystem::exists(x.config_file)) {
    auto loaded = load_cli_settings(x.config_file);
    if (!loaded)
      return loaded.error();
    result = std::move(*loaded);
  }
  result.controller_url = x.controller_url;
  return result;
}

void add_show(CLI::App& options, arguments& x) {
  auto* group = add_group(options, "show", "Show the mirror of a domain");
  auto add
    = [&](CLI::App& to, const char* name, const char* what, show_what which) {
        auto verb = [&x, which](store& from) {
          return show(from, which, x.nodes, x.output == "json", std::cout);
        };
        add_command(to, name, what, x.chosen, verb)
          ->add_option("-o,--output", x.output, "Output format: text or json")
          ->check(CLI::IsMember({"text", "json"}))
          ->capture_default_str();
      };
  add(*group, "functions", "The nodes of each function", show_what::functions);
  add(*group, "resources", "The node of each resource", show_what::resources);
  add(*group, "logical-to-physical", "The instances of each logical id",
      show_what::logical_to_physical);
  add(*group, "logical-to-workflow", "The workflow of each logical id",
      show_what::logical_to_workflow);
  auto* node = add_group(*group, "node", "Show nodes");
  add(*node, "capabilities", "Capabilities of each node",
      show_what::capabilities);
  add(*node, "health", "Health of each node", show_what::health);
  add(*node, "instances", "The functions and resources on each node",
      show_what::instances);
  add(*node, "resource-providers", "The resource providers of each node",
      show_what::providers);
}

void add_intents(CLI::App& options, arguments& x) {
  auto* group
    = add_group(options, "intent", "Submit an intent to the orchestrator");
  auto add
    = [&](const char* name, const char* what,
          std::function<caf::expected<intent_text>(const node_names&)> make) {
        auto verb = [&x, make](store& to) -> caf::error {
          auto known = node_names::load(to, x.nodes);
          if (!known)
            return known.error();
          auto intent = make(*known);
          if (!intent)
            return intent.error();
          std::optional<std::chrono::milliseconds> timeout;
          if (x.wait)
            timeout = std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::duration<double>(x.timeout));
          return submit(to, *intent, timeout, std::cout);
        };
        auto* sub = add_command(*group, name, what, x.chosen, verb);
        sub->add_flag("-w,--wait", x.wait, "Wait for the outcome and print it");
        sub->add_option("--timeout", x.timeout, "Timeout of --wait in seconds")
          ->check(CLI::Range(0.0, 86400.0))
          ->capture_default_str();
        return sub;
      };
  auto* migrate = add("migrate", "Move a function or resource to another node",
                      [&x](const node_names& known) {
                        return make_migration(known, x.component, x.node);
                      });
  migrate
    ->add_option("instance", x.component, "The logical id of the component")
    ->required();
  migrate
    ->add_option(
      "node", x.node,
      "The id, host name or label of the target node; of several, separated by "
      "commas, the first feasible one is used")
    ->required();
  auto add_node = [&](const char* name, const char* what) {
    add(name, what,
        [&x, name](const node_names& known) {
          return make_node_intent(known, name, x.node);
        })
      ->add_option("node", x.node, "The id, host name or label of the node")
      ->required();
  };
  add_node("cordon", "Exclude a node from further placements");
  add_node("uncordon", "Use a cordoned node for placements again");
  add_node("drain", "Cordon a node and migrate its components to other nodes");
}

void add_others(CLI::App& options, arguments& x) {
  auto* dump = add_group(options, "dump", "Write samples to files");
  add_command(*dump, "performance",
              "Write the execution times, a file for each function instance",
              x.chosen,
              [](store& from) { return dump_performance(from, std::cout); });
  add_command(
    *dump, "performance-csv", "Print all performance samples as CSV", x.chosen,
    [](store& from) { return dump_performance_csv(from, std::cout); });
  add_command(*dump, "instances",
              "Write the specifications, a file for each function and resource",
              x.chosen,
              [](store& from) { return dump_instances(from, std::cout); });
  auto* top
    = add_group(options, "top", "Show a table that is refreshed each second");
  add_command(*top, "nodes", "Health and load of each node", x.chosen,
              [&x](store& from) {
                return watch_table([&] { return top_nodes(from, x.nodes); });
              });
  auto watch_workflow = [&x](store& from) -> caf::error {
    auto id = parse_id<workflow_id>(x.workflow);
    if (!id && !x.workflow.empty())
      return fail(ec::bad_input, "invalid workflow id " + x.workflow);
    if (x.controller_url.empty())
      return watch_table([&] {
        return top_workflow(from, x.nodes, id.value_or(workflow_id{}));
      });
    if (!id)
      return fail(ec::bad_input, "top workflow with --controller-url needs the "
                                 "id of a workflow");
    auto settings = controller_settings_of(x);
    if (!settings)
      return settings.error();
    described_workflow asked{*settings, *id};
    return watch_table([&]() -> caf::expected<top_table> {
      auto known = asked.ask();
      if (!known)
        return known.error();
      return top_workflow(from, x.nodes, *id, &*known);
    });
  };
  add_command(*top, "workflow", "Execution times within the last minute",
              x.chosen, watch_workflow)
    ->add_option("workflow", x.workflow, "Show this workflow only");
}

caf::error run(const arguments& x) {
  if (CLI::detail::to_lower(x.proxy_type) != "redis")
    return fail(ec::bad_input, "unknown proxy type: " + x.proxy_type);
  if (!x.chosen)
    return fail(ec::bad_input, "no command given: see --help");
  auto mirror = store::open(x.redis_url);
  if (!mirror)
    return mirror.error();
  return x.chosen(*mirror);
}

} // namespace

int main(int argc, char** argv) {
  end_on_exceptions("proxy_cli");
  program self{"proxy_cli",
               "Shows a domain through its mirror in Redis and submits "
               "intents to its orchestrator."};
  auto& options = self.options();
  arguments x;
  options.fallthrough();
  options
    .add_option("-p,--proxy-type", x.proxy_type, "The type of the proxy: Redis")
    ->capture_default_str();
  options.add_option("-r,--redis-url", x.redis_url, "The URL of Redis")
    ->capture_default_str();
  options.add_option(
    "-c,--controller-url", x.controller_url,
    "The URL of the controller that `top workflow ID` asks for the names, also "
    "of pending components, and the domain, such as http://127.0.0.1:7001; "
    "without it, all is from Redis");
  options
    .add_option("--config", x.config_file,
                "The file whose [tls] is used for the controller, if it exists")
    ->capture_default_str();
  const std::map<std::string, node_format> formats{
    {"uuid", node_format::uuid},
    {"labels", node_format::labels},
    {"hostname", node_format::hostname}};
  options
    .add_option(
      "--node-print-format", x.nodes,
      "How nodes are printed: uuid, labels, or hostname, which is the "
      "label hostname=NAME")
    ->transform(CLI::CheckedTransformer(formats))
    ->default_str("uuid");
  add_show(options, x);
  add_intents(options, x);
  add_others(options, x);
  if (auto code = self.parse(argc, argv))
    return *code;
  auto problem = run(x);
  return problem ? self.fail(problem) : 0;
}
