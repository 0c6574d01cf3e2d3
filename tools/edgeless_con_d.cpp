// SPDX-License-Identifier: MIT
#include "tools/program.hpp"

#include "runtime/config/templates.hpp"

using namespace edgeless;

int main(int argc, char** argv) {
  daemon_outline outline;
  outline.name = "edgeless_con_d";
  outline.purpose = "The controller: maps workflows to orchestration domains.";
  outline.config_file = "controller.toml";
  outline.template_text = controller_template;
  outline.launch = [](const std::string& file) -> caf::expected<process_ptr> {
    auto settings = load_controller_settings(file);
    if (!settings)
      return settings.error();
    return launch(*settings);
  };
  return daemon_main(argc, argv, outline);
}
