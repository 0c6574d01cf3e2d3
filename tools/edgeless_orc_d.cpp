// SPDX-License-Identifier: MIT
#include "tools/program.hpp"

#include "runtime/config/templates.hpp"

using namespace edgeless;

int main(int argc, char** argv) {
  return daemon_main(
    argc, argv,
    {"edgeless_orc_d",
     "The orchestrator of one domain: keeps its functions running.",
     "orchestrator.toml", orchestrator_template,
     launch_with(load_orchestrator_settings)});
}
