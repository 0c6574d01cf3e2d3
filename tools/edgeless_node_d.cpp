// SPDX-License-Identifier: MIT
#include "runtime/templates.hpp"

#include "tools/program.hpp"

using namespace edgeless;

int main(int argc, char** argv) {
  daemon_outline outline;
  outline.name = "edgeless_node_d";
  outline.purpose = "A node: runs functions and resources.";
  outline.config_file = "node.toml";
  outline.template_text = [] {
    return node_template(machine_chance());
  };
  outline.launch = [](const std::string& file) -> caf::expected<process_ptr> {
    auto settings = load_node_settings(file);
    if (!settings)
      return settings.error();
    return launch(*settings);
  };
  return daemon_main(argc, argv, outline);
}
