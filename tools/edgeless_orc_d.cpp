// SPDX-License-Identifier: MIT
#include "tools/program.hpp"

#include "runtime/config/templates.hpp"

using namespace edgeless;

int main(int argc, char** argv) {
  daemon_outline outline;
  outline.name = "edgeless_orc_d";
  outline.purpose
    = "The orchestrator of one domain: keeps its functions running.";
  outline.config_file = "orchestrator.toml";
  outline.template_text = orchestrator_template;
  outline.launch = [](const std::string& file) -> caf::expected<process_ptr> {
    auto settings = load_orchestrator_settings(file);
    if (!settings)
      return settings.error();
    return launch(*settings);
  };
  return daemon_main(argc, argv, outline);
}
