// SPDX-License-Identifier: MIT
#include "tools/cli/certificates.hpp"
#include "tools/cli/print.hpp"
#include "tools/cli/repository.hpp"
#include "tools/cli/session.hpp"
#include "tools/program.hpp"

#include "runtime/config/templates.hpp"
#include "runtime/config/workflow_file.hpp"
#include "runtime/modules/function_build.hpp"

#include <iostream>

using namespace edgeless;

namespace {

caf::expected<workflow_id> read_id(const std::string& text) {
  if (auto id = parse_id<workflow_id>(text))
    return *id;
  return fail(ec::bad_input, "unknown or invalid workflow " + text);
}

// -- workflow -----------------------------------------------------------------

/// Uploads a module in parts. The controller replies with the offset of the
/// next part, which is the size of a module that it already has.
caf::error upload(session& controller, const module_file& x) {
  std::uint64_t offset = 0;
  while (offset < x.bytes.size()) {
    code_part part{x.code, x.bytes.size(), offset,
                   x.bytes.substr(offset, limits::part)};
    auto next = controller.ask<std::uint64_t>(atom::upload_v, part);
    if (!next)
      return next.error();
    if (*next == offset)
      return fail(ec::unreachable,
                  "the controller refuses the module " + x.file.string());
    offset = *next;
  }
  return caf::none;
}

caf::error start_workflow(session& controller, const std::string& file,
                          if_infeasible policy) {
  auto workflow = load_workflow_file(file);
  if (!workflow)
    return workflow.error();
  for (auto& x : workflow->warnings)
    std::cerr << "edgeless_cli: warning: " << x << '\n';
  for (auto& x : workflow->modules)
    if (auto problem = upload(controller, x))
      return problem;
  auto id = draw<workflow_id>(os_random());
  auto status = controller.ask<workflow_status>(atom::start_v, id,
                                                workflow->spec, policy);
  if (!status)
    return fail(ec::bad_input, explain(status.error()));
  std::cout << to_string(status->id) << '\n';
  print_pending(std::cerr, *status);
  return caf::none;
}

caf::error stop_workflow(session& controller, const workflow_id& id) {
  auto done = controller.ask<atom::ok>(atom::stop_v, id);
  if (!done)
    return done.error() == ec::unreachable
             ? done.error()
             : fail(ec::unknown_workflow, explain(done.error()));
  std::cout << "Workflow " << to_string(id) << " stopped\n";
  return caf::none;
}

caf::error migrate_workflow(session& controller, const workflow_id& id,
                            const std::string& domain) {
  auto what = "migration of " + to_string(id) + " to " + domain;
  auto status = controller.ask<workflow_status>(atom::migrate_v, id, domain);
  if (!status)
    return fail(ec::bad_input, what + " failed: " + explain(status.error()));
  std::cout << what << " successful\n";
  print_pending(std::cerr, *status);
  return caf::none;
}

caf::error inspect_workflow(session& controller, const workflow_id& id) {
  auto status = controller.ask<workflow_status>(atom::inspect_v, id);
  if (!status)
    return status.error();
  print_workflow(std::cout, *status);
  return caf::none;
}

/// Applies a command to one workflow, or to all: then a workflow that fails,
/// such as one that another client has stopped, does not keep the command from
/// the others.
template <class Verb>
caf::error
for_workflows(session& controller, const std::string& which, Verb verb) {
  if (which != "all") {
    auto id = read_id(which);
    if (!id)
      return id.error();
    return verb(controller, *id);
  }
  auto all = controller.ask<std::vector<workflow_id>>(atom::list_v);
  if (!all)
    return all.error();
  std::size_t failed = 0;
  for (auto& id : *all)
    if (auto problem = verb(controller, id)) {
      // A controller that is gone has no answer to the next one either.
      if (problem == ec::unreachable)
        return problem;
      std::cerr << "edgeless_cli: " << to_string(id) << ": " << explain(problem)
                << '\n';
      ++failed;
    }
  if (failed == 0)
    return caf::none;
  return fail(ec::unknown_workflow, std::to_string(failed) + " of "
                                      + std::to_string(all->size())
                                      + " workflows failed, see above");
}

caf::error list_workflows(session& controller) {
  auto all = controller.ask<std::vector<workflow_id>>(atom::list_v);
  if (!all)
    return all.error();
  for (auto& id : *all)
    std::cout << to_string(id) << '\n';
  return caf::none;
}

// -- domain -------------------------------------------------------------------

caf::error print_domains(session& controller, const std::string& which) {
  auto all = controller.ask<std::vector<domain_description>>(atom::domains_v);
  if (!all)
    return all.error();
  auto found = false;
  for (auto& x : *all) {
    if (which.empty())
      std::cout << "domain " << x.id << " (" << x.nodes << " nodes)"
                << (x.attached ? "" : ", cannot be reached") << '\n';
    else if (which == "all" || which == x.id)
      std::cout << "domain " << x.id << "," << capabilities_line(x) << '\n';
    found = found || which.empty() || which == "all" || which == x.id;
  }
  if (!found)
    return fail(ec::bad_input, "domain " + which + " not found");
  return caf::none;
}

// -- function -----------------------------------------------------------------

caf::error build_module(const std::string& function_json) {
  auto result = build_function(function_json);
  if (!result)
    return result.error();
  std::cout << result->module.string()
            << (result->built ? " built\n" : " is up to date\n");
  return caf::none;
}

struct invocation {
  std::string type, url, node, function, payload;
};

/// On loopback, no configuration file is needed.
caf::error invoke(const invocation& x, const std::string& config_file) {
  if (x.type != "cast")
    return fail(ec::bad_input, "invalid event type: " + x.type);
  auto target = parse_id<physical_id>(x.function);
  if (!parse_id<node_id>(x.node) || !target)
    return fail(ec::bad_input,
                "invalid instance id: " + x.node + " " + x.function);
  tls_settings tls;
  if (std::filesystem::exists(config_file)) {
    auto settings = load_cli_settings(config_file);
    if (!settings)
      return settings.error();
    tls = settings->tls;
  }
  std::unique_ptr<client> peer;
  if (auto problem = open_client(peer, tls, {{"function invoke", x.url}}))
    return problem;
  auto ingress = peer->dial<ingress_actor>(x.url, peer_role::node);
  if (!ingress)
    return ingress.error();
  event e;
  e.payload = x.payload;
  auto done = peer->ask<atom::ok>(*ingress, atom::invoke_v, *target, e);
  if (!done)
    return done.error();
  std::cout << "event casted\n";
  return caf::none;
}

// -- the command line ---------------------------------------------------------

template <class Verb>
cli_command with_controller(Verb verb) {
  return [verb](const std::string& config_file) -> caf::error {
    session controller;
    auto settings = load_cli_settings(config_file);
    if (!settings)
      return settings.error();
    if (auto problem = controller.open(*settings))
      return problem;
    return verb(controller);
  };
}

void add_workflow_commands(CLI::App& options, std::string& argument,
                           std::string& domain, bool& wait_for_nodes,
                           cli_command& chosen) {
  auto* group
    = add_group(options, "workflow", "Start, stop and inspect workflows");
  auto for_id = [&](auto verb) {
    return with_controller([&argument, verb](session& x) {
      return for_workflows(x, argument, verb);
    });
  };
  auto add = [&](const char* name, const char* purpose, cli_command verb) {
    return add_command(*group, name, purpose, chosen, std::move(verb));
  };
  auto* start
    = add("start", "Start the workflow of a JSON file and print its id",
          with_controller([&](session& x) {
            return start_workflow(x, argument,
                                  wait_for_nodes ? if_infeasible::wait
                                                 : if_infeasible::refuse);
          }));
  start->add_option("file", argument, "The workflow file")->required();
  start->add_flag("--wait-for-nodes", wait_for_nodes,
                  "Accept a workflow that no node could host, as pending");
  add("stop", "Stop a workflow, or all workflows", for_id(stop_workflow))
    ->add_option("id", argument, "The id of a workflow, or all")
    ->required();
  auto* migrate
    = add("migrate",
          "Stop a workflow and start it in another domain; events that wait in "
          "queues and synced states do not move along",
          for_id([&](session& x, const workflow_id& id) {
            return migrate_workflow(x, id, domain);
          }));
  migrate->add_option("id", argument, "The id of a workflow, or all")
    ->required();
  migrate->add_option("domain", domain, "The id of the domain")->required();
  add("list", "Print the ids of all workflows",
      with_controller(list_workflows));
  add("inspect",
      "Show the components, nodes and state of a workflow, or of all",
      for_id([&](session& x, const workflow_id& id) {
        if (argument == "all")
          std::cout << "** workflow " << to_string(id) << '\n';
        return inspect_workflow(x, id);
      }))
    ->add_option("id", argument, "The id of a workflow, or all")
    ->required();
}

void add_domain_commands(CLI::App& options, std::string& argument,
                         cli_command& chosen) {
  auto* group = add_group(options, "domain", "Show orchestration domains");
  auto show
    = with_controller([&](session& x) { return print_domains(x, argument); });
  add_command(*group, "list", "Print all domains", chosen, show);
  add_command(*group, "inspect",
              "Show the capabilities of a domain, or of all domains", chosen,
              show)
    ->add_option("id", argument, "The id of a domain, or all")
    ->required();
}

void add_function_commands(CLI::App& options, std::string& argument,
                           invocation& event, cli_command& chosen) {
  auto* group
    = add_group(options, "function", "Build, share and invoke functions");
  add_repository_commands(*group, chosen);
  add_command(*group, "build", "Build the module of a function.json", chosen,
              [&](const std::string&) { return build_module(argument); })
    ->add_option("file", argument, "The function.json")
    ->required();
  auto* invoke_it = add_command(
    *group, "invoke", "Send an event to an instance", chosen,
    [&](const std::string& config_file) { return invoke(event, config_file); });
  auto add = [&](const char* name, std::string& value, const char* purpose) {
    invoke_it->add_option(name, value, purpose)->required();
  };
  add("type", event.type, "The type of the event: cast");
  add("url", event.url, "The invocation URL of the node");
  add("node", event.node, "The id of the node");
  add("function", event.function, "The id of the instance");
  add("payload", event.payload, "The payload of the event");
}

} // namespace

int main(int argc, char** argv) {
  end_on_exceptions("edgeless_cli");
  program self{
    "edgeless_cli",
    "Starts, stops and inspects workflows at a controller; builds functions "
    "and issues certificates."};
  auto& options = self.options();
  std::string config_file = "cli.toml";
  std::string template_file;
  std::string argument;
  std::string domain;
  bool wait_for_nodes = false;
  invocation event;
  cli_command chosen;
  options.add_option("-c,--config-file", config_file, "The configuration file")
    ->capture_default_str();
  options.add_option("-t,--template", template_file,
                     "Write a default configuration file, then exit");
  add_workflow_commands(options, argument, domain, wait_for_nodes, chosen);
  add_domain_commands(options, argument, chosen);
  add_function_commands(options, argument, event, chosen);
  add_certificate_commands(options, chosen);
  if (auto code = self.parse(argc, argv))
    return *code;
  auto problem = !template_file.empty()
                   ? write_template(template_file, cli_template())
                 : chosen ? chosen(config_file)
                          : fail(ec::bad_input, "no command given: see --help");
  return problem ? self.fail(problem) : 0;
}
