// SPDX-License-Identifier: MIT
#include "tools/program.hpp"

#include "runtime/config/box_certificates.hpp"
#include "runtime/config/templates.hpp"
#include "runtime/sandbox/child_main.hpp"

#include "messages/errors.hpp"

#include <algorithm>
#include <filesystem>

using namespace edgeless;

namespace {

/// Starts the controller, the orchestrator and the nodes of a folder.
caf::expected<std::vector<process_ptr>>
launch_box(const std::filesystem::path& folder,
           std::vector<config_file> files) {
  // Nodes are started last and therefore stopped first.
  std::ranges::stable_partition(
    files, [](auto& x) { return !x.name.starts_with("node"); });
  std::vector<process_ptr> result;
  auto add = [&](auto settings) -> caf::error {
    if (!settings)
      return settings.error();
    auto started = launch(*settings);
    if (!started)
      return started.error();
    result.push_back(std::move(*started));
    return caf::none;
  };
  for (auto& [name, text] : files) {
    if (name == "cli.toml")
      continue;
    auto file = folder / name;
    if (!std::filesystem::exists(file))
      return fail(ec::bad_input, name
                                   + " is missing: edgeless_inabox -t "
                                     "writes a default one");
    auto problem
      = name == "controller.toml"     ? add(load_controller_settings(file))
        : name == "orchestrator.toml" ? add(load_orchestrator_settings(file))
                                      : add(load_node_settings(file));
    if (problem)
      return problem;
  }
  return result;
}

struct arguments {
  bool templates = false;
  bool tls = false;
  std::size_t nodes = 1;
};

/// Writes the configuration files and, with --tls, the certificates.
caf::error write_files(const arguments& x, const std::filesystem::path& folder,
                       const std::vector<config_file>& files,
                       const random_source& random) {
  std::error_code ignored;
  if (x.tls && std::filesystem::exists(folder / "tls", ignored))
    return fail(ec::duplicate, (folder / "tls").string() + ": already exists");
  auto problem
    = x.nodes > 1 ? write_box(folder, files) : write_templates(folder, files);
  if (problem || !x.tls)
    return problem;
  return write_box_certificates(folder, files, random);
}

int run(program& self, const arguments& x) {
  auto random = os_random();
  std::filesystem::path folder = ".";
  auto files = box_templates(random);
  if (x.nodes > 1) {
    auto made = box_templates(x.nodes, random);
    if (!made)
      return self.fail(made.error());
    files = std::move(*made);
    folder = "config";
  }
  if (x.tls)
    files = with_tls(std::move(files));
  if (x.templates || x.nodes > 1) {
    if (auto problem = write_files(x, folder, files, random))
      return self.fail(problem);
  } else if (x.tls) {
    return self.fail(fail(ec::bad_input,
                          "--tls needs --templates or --num-of-nodes: existing "
                          "configuration files decide about encryption"));
  }
  if (x.templates)
    return 0;
  auto running = launch_box(folder, files);
  if (!running)
    return self.fail(running.error());
  run_until_signal(std::move(*running));
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  end_on_exceptions("edgeless_inabox");
  if (auto code = run_as_child(argc, argv))
    return *code;
  block_signals();
  program self{"edgeless_inabox",
               "Runs a controller, an orchestrator and nodes in one process."};
  arguments x;
  self.options().add_flag("-t,--templates", x.templates,
                          "Write node.toml, orchestrator.toml and "
                          "controller.toml, then exit");
  self.options().add_flag("--tls", x.tls,
                          "Write the files for encrypted connections, with a "
                          "certificate authority, certificates and cli.toml");
  self.options()
    .add_option("-n,--num-of-nodes", x.nodes,
                "Number of nodes; with two or more, write the files to "
                "config/ and run them")
    ->capture_default_str()
    ->check(CLI::Range(1, 1000));
  if (auto code = self.parse(argc, argv))
    return *code;
  return run(self, x);
}
