// SPDX-License-Identifier: MIT
#include "tools/program.hpp"

#include "runtime/config/templates.hpp"

using namespace edgeless;

int main(int argc, char** argv) {
  return daemon_main(
    argc, argv,
    {"edgeless_con_d",
     "The controller: maps workflows to orchestration domains.",
     "controller.toml", controller_template,
     launch_with(load_controller_settings)});
}
