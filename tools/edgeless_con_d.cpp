// SPDX-License-Identifier: MIT
#include "tools/program.hpp"

#include "runtime/config/templates.hpp"

using namespace edgeless;

int main(int argc, char** argv) {
  daemon_spec spec;
  spec.name = "edgeless_con_d";
  spec.purpose = "The controller: maps workflows to orchestration domains.";
  spec.config_file = "controller.toml";
  spec.template_text = controller_template;
  spec.launch = [](const std::string& file) -> caf::expected<process_ptr> {
    auto settings = load_controller_settings(file);
    if (!settings)
      return settings.error();
    return launch(*settings);
  };
  return daemon_main(argc, argv, spec);
}
