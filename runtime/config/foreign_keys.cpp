// SPDX-License-Identifier: MIT
#include "runtime/config/foreign_keys.hpp"

namespace edgeless {

namespace {

using enum foreign_kind;

constexpr std::string_view no_coap
  = "CoAP is not supported: nothing listens there";
constexpr std::string_view no_registration_interval
  = "is a key of EDGELESS 1.1 and later, where programs register again and "
    "again; here the orchestrator polls its nodes: set [baseline] "
    "keep_alive_interval_secs in orchestrator.toml";
constexpr std::string_view no_domain_registration
  = "is a key of EDGELESS 1.1 and later, where orchestrators register at the "
    "controller; here the controller connects to them: write orchestrators = "
    "[ { domain_id = \"...\", orchestrator_url = \"...\" } ] in "
    "controller.toml";

constexpr foreign_key of_node[] = {
  {"general.invocation_url_coap", unsupported, no_coap},
  {"general.invocation_url_announced_coap", unsupported, no_coap},
  {"general.metrics_url", unsupported,
   "is ignored, as in EDGELESS 1.0: metrics are served at the metrics_url of "
   "[telemetry]"},
  {"general.node_register_url", refused,
   "is a key of EDGELESS 1.1 and later; here a node joins at the URL that its "
   "orchestrator has for everything: set orchestrator_url to the "
   "orchestrator_url of orchestrator.toml"},
  {"general.subscription_refresh_interval_sec", refused,
   no_registration_interval},
  {"container_runtime", unsupported,
   "there is no container run-time: functions of type CONTAINER are refused",
   "enabled"},
  {"resources.prepend_hostname", refused,
   "is a key of EDGELESS 1.1 and later; here providers have the names that "
   "this file gives them: put the host name into each"},
  {"power_info", unsupported, "the power that the node takes is not measured"},
};

constexpr foreign_key of_orchestrator[] = {
  {"general.orchestrator_url_announced", unsupported,
   "is announced to no program: controller.toml and each node.toml name the "
   "URL at which they reach the orchestrator"},
  {"general.orchestrator_coap_url", unsupported, no_coap},
  {"general.orchestrator_coap_url_announced", unsupported, no_coap},
  {"general.domain_register_url", refused, no_domain_registration},
  {"general.subscription_refresh_interval_sec", refused,
   no_registration_interval},
  {"general.node_register_url", refused,
   "is a key of EDGELESS 1.1 and later; here nodes join at orchestrator_url"},
  {"general.node_register_coap_url", refused,
   "is a key of EDGELESS 1.1 and later; here nodes join at orchestrator_url, "
   "and CoAP is not supported"},
  {"proxy.proxy_gc_period_seconds", refused,
   "is a key of EDGELESS 1.1 and later; here the proxy removes at once what is "
   "gone, and keeps as many samples as the key samples says"},
};

constexpr foreign_key of_controller[] = {
  {"domain_register_url", refused, no_domain_registration},
};

} // namespace

foreign_keys foreign_keys_of(const node_settings&) {
  return of_node;
}

foreign_keys foreign_keys_of(const orchestrator_settings&) {
  return of_orchestrator;
}

foreign_keys foreign_keys_of(const controller_settings&) {
  return of_controller;
}

foreign_keys foreign_keys_of(const cli_settings&) {
  return {};
}

} // namespace edgeless
