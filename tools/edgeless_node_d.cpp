// SPDX-License-Identifier: MIT
#include "tools/available_resources.hpp"
#include "tools/program.hpp"

#include "runtime/config/templates.hpp"

#include <iostream>

using namespace edgeless;

namespace {

/// Adds --available-resources and --output-json.
std::function<bool()> add_node_options(CLI::App& to) {
  auto shown = std::make_shared<bool>(false);
  auto as_json = std::make_shared<bool>(false);
  auto* show = to.add_flag("--available-resources", *shown,
                           "Print the classes of resources that a node can "
                           "provide, then exit");
  to.add_flag("--output-json", *as_json, "Print them as JSON")->needs(show);
  return [shown, as_json, file = to.get_option("--config-file")] {
    if (!*shown)
      return false;
    // Classes that call serverless functions are there if the file names them.
    auto settings = load_node_settings(
      file->count() > 0 ? file->as<std::string>() : "node.toml");
    print_available_resources(std::cout, *as_json,
                              settings ? settings->resources.serverless_provider
                                       : std::vector<serverless_settings>{});
    return true;
  };
}

} // namespace

int main(int argc, char** argv) {
  return daemon_main(argc, argv,
                     {"edgeless_node_d",
                      "A node: runs functions and resources.", "node.toml",
                      [] { return node_template(os_random()); },
                      launch_with(load_node_settings), add_node_options});
}
