// SPDX-License-Identifier: MIT
#include "tools/program.hpp"

#include "runtime/config/templates.hpp"

using namespace edgeless;

int main(int argc, char** argv) {
  return daemon_main(argc, argv,
                     {"edgeless_node_d",
                      "A node: runs functions and resources.", "node.toml",
                      [] { return node_template(os_random()); },
                      launch_with(load_node_settings)});
}
