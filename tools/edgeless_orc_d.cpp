// SPDX-License-Identifier: MIT
#include "tools/program.hpp"

#include "runtime/config/templates.hpp"

using namespace edgeless;

int main(int argc, char** argv) {
  daemon_spec spec;
  spec.name = "edgeless_orc_d";
  spec.purpose = "The orchestrator of one domain: keeps its functions running.";
  spec.config_file = "orchestrator.toml";
  spec.template_text = orchestrator_template;
  spec.launch = [](const std::string& file) -> caf::expected<process_ptr> {
    auto settings = load_orchestrator_settings(file);
    if (!settings)
      return settings.error();
    return launch(*settings);
  };
  return daemon_main(argc, argv, spec);
}
