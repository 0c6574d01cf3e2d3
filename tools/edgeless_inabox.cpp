// SPDX-License-Identifier: MIT
#include "tools/program.hpp"

#include "runtime/config/box_certificates.hpp"
#include "runtime/config/templates.hpp"
#include "runtime/sandbox/child_main.hpp"

#include "messages/errors.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

using namespace edgeless;

namespace {

/// Starts the controller, the orchestrator and the nodes of a folder: of
/// node.toml, or of all files node*.toml.
caf::expected<std::vector<process_ptr>>
launch_box(const std::filesystem::path& folder, bool has_all_nodes) {
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
  std::vector<std::filesystem::path> nodes;
  std::error_code problem;
  for (auto& entry : std::filesystem::directory_iterator{folder, problem})
    if (auto name = entry.path().filename().string();
        name == "node.toml"
        || (has_all_nodes && name.starts_with("node")
            && name.ends_with(".toml")))
      nodes.push_back(folder / name);
  std::ranges::sort(nodes);
  auto missing = [&](const std::string& name) {
    return fail(ec::bad_input, (folder / name).lexically_normal().string()
                                 + " is missing: edgeless_inabox -t writes a "
                                   "default one");
  };
  for (auto name : {"controller.toml", "orchestrator.toml"})
    if (!std::filesystem::exists(folder / name, problem))
      return missing(name);
  if (nodes.empty())
    return missing("node.toml");
  // Nodes are started last and therefore stopped first.
  if (auto error = add(load_controller_settings(folder / "controller.toml")))
    return error;
  if (auto error
      = add(load_orchestrator_settings(folder / "orchestrator.toml")))
    return error;
  for (auto& node : nodes)
    if (auto error = add(load_node_settings(node)))
      return error;
  return result;
}

struct arguments {
  bool templates = false;
  bool tls = false;
  bool bind_to_nonloopback = false;
  std::size_t nodes = 1;
  std::optional<std::size_t> first_port;
  std::string folder;
};

/// The first IPv4 address of this machine that others can reach.
caf::expected<std::string> own_address() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0)
    return fail(ec::system_failure,
                "the addresses of this machine are unknown");
  std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{all, &::freeifaddrs};
  for (auto* x = all; x != nullptr; x = x->ifa_next) {
    auto usable
      = (x->ifa_flags & IFF_UP) != 0 && (x->ifa_flags & IFF_LOOPBACK) == 0;
    if (!usable || x->ifa_addr == nullptr || x->ifa_addr->sa_family != AF_INET)
      continue;
    char text[INET_ADDRSTRLEN];
    auto* address = reinterpret_cast<sockaddr_in*>(x->ifa_addr);
    if (::inet_ntop(AF_INET, &address->sin_addr, text, sizeof text) != nullptr)
      return std::string{text};
  }
  return fail(ec::system_failure, "this machine has no other IPv4 address than "
                                  "those of loopback");
}

caf::expected<std::vector<config_file>>
make_files(const arguments& x, const random_source& random) {
  auto files
    = x.nodes > 1 ? box_templates(x.nodes, random) : box_templates(random);
  if (files && x.first_port)
    files = with_ports_from(std::move(*files), *x.first_port);
  if (files && x.tls)
    files = with_tls(std::move(*files));
  if (!files || !x.bind_to_nonloopback)
    return files;
  auto host = own_address();
  if (!host)
    return host.error();
  if (!x.tls)
    std::cerr << "edgeless_inabox: other machines can reach " << *host
              << ": without --tls, the programs start only with insecure = "
                 "true in the section [tls] of each file\n";
  return with_host(std::move(*files), *host);
}

/// Writes the configuration files and, with --tls, the certificates.
caf::error write_files(const arguments& x,
                       const std::filesystem::path& folder) {
  auto random = os_random();
  auto files = make_files(x, random);
  if (!files)
    return files.error();
  std::error_code ignored;
  if (x.tls && std::filesystem::exists(folder / "tls", ignored))
    return fail(ec::duplicate, (folder / "tls").string() + ": already exists");
  auto problem
    = x.nodes > 1 ? write_box(folder, *files) : write_templates(folder, *files);
  if (problem || !x.tls)
    return problem;
  return write_box_certificates(folder, *files, random);
}

int run(program& self, const arguments& x) {
  std::filesystem::path folder = !x.folder.empty() ? x.folder
                                 : x.nodes > 1     ? "config"
                                                   : ".";
  if (x.templates || x.nodes > 1) {
    if (auto problem = write_files(x, folder))
      return self.fail(problem);
  } else if (x.tls || x.first_port || x.bind_to_nonloopback) {
    return self.fail(
      fail(ec::bad_input,
           "--tls, --initial-port and --bind-to-nonloopback need --templates "
           "or --num-of-nodes: existing configuration files decide about "
           "encryption and addresses"));
  }
  if (x.templates)
    return 0;
  // In the working directory, other files are of nodes that run on their own.
  auto running = launch_box(folder, !x.folder.empty() || x.nodes > 1);
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
                "Number of nodes; with two or more, write the files and run "
                "them")
    ->capture_default_str()
    ->check(CLI::Range(1, 1000));
  self.options().add_option("--config-path", x.folder,
                            "The folder of the files; default: . or, with "
                            "several nodes, config");
  self.options()
    .add_option("--initial-port", x.first_port,
                "The first of consecutive ports in the files that are written")
    ->check(CLI::Range(1, 65535));
  self.options().add_flag("-b,--bind-to-nonloopback", x.bind_to_nonloopback,
                          "Write files with the first address of this machine "
                          "that others can reach instead of 127.0.0.1");
  if (auto code = self.parse(argc, argv))
    return *code;
  return run(self, x);
}
