// SPDX-License-Identifier: MIT
#include "tools/program.hpp"

#include "runtime/config/templates.hpp"

using namespace edgeless;

int main(int argc, char** argv) {
  daemon_spec spec;
  spec.name = "edgeless_node_d";
  spec.purpose = "A node: runs functions and resources.";
  spec.config_file = "node.toml";
  spec.template_text = [] {
    return node_template(os_random());
  };
  spec.launch = [](const std::string& file) -> caf::expected<process_ptr> {
    auto settings = load_node_settings(file);
    if (!settings)
      return settings.error();
    return launch(*settings);
  };
  return daemon_main(argc, argv, spec);
}
