// SPDX-License-Identifier: MIT
#include "tools/connectors.hpp"

#include "actors/connectors/brokers/dda.hpp"
#include "actors/connectors/brokers/kafka.hpp"
#include "actors/connectors/brokers/mqtt_egress.hpp"
#include "actors/connectors/brokers/mqtt_ingress.hpp"

#include "runtime/base/confined_folder.hpp"
#include "runtime/base/log.hpp"
#include "runtime/drivers/driver.hpp"

namespace edgeless {

namespace {

/// nullptr: it is not there, which is logged for those that want it.
template <class Driver>
Driver*
driver_for(const std::string& name, const std::vector<std::string>& providers) {
  auto wanted = providers;
  std::erase(wanted, "");
  if (wanted.empty())
    return nullptr;
  auto driver = load_driver<Driver>(name);
  if (driver)
    return *driver;
  for (auto& x : wanted)
    log_warn("config", "the provider ", x, " is not offered: ", driver.error());
  return nullptr;
}

connector_counters_ptr add_counters(connectors& made, const char* type) {
  return made.messages.emplace_back(std::make_shared<connector_counters>(type));
}

caf::error offer_mqtt(const node_settings& settings, node_options& options,
                      connectors& made) {
  auto& wanted = settings.resources;
  auto* driver = driver_for<mqtt_driver>(
    "mqtt", {wanted.mqtt_ingress_provider, wanted.mqtt_egress_provider});
  if (!driver)
    return caf::none;
  mqtt_identity identity{wanted.mqtt_ca, wanted.mqtt_certificate,
                         wanted.mqtt_key};
  if (auto& id = wanted.mqtt_ingress_provider; !id.empty())
    offer(options, id, "mqtt-ingress",
          mqtt_ingress(*driver, identity, add_counters(made, "mqtt-ingress")));
  if (wanted.mqtt_egress_provider.empty())
    return caf::none;
  if (wanted.store_directory.empty())
    return fail(ec::bad_input,
                "[resources] store_directory is missing, and neither "
                "XDG_STATE_HOME nor HOME is set: mqtt-egress needs a folder "
                "for messages");
  protect_file(wanted.store_directory);
  made.mqtt = std::make_shared<mqtt_forwarders>(
    *driver,
    mqtt_forwarder_options{to_string(settings.general.node_id), identity,
                           wanted.store_directory,
                           std::uint64_t{wanted.store_mib} << 20},
    add_counters(made, "mqtt-egress"));
  if (auto problem = made.mqtt->restore())
    return fail(ec::bad_input,
                "[resources] store_directory: " + explain(problem));
  offer(options, wanted.mqtt_egress_provider, "mqtt-egress",
        mqtt_egress(made.mqtt));
  return caf::none;
}

/// From `name=value`.
caf::expected<kafka_properties>
kafka_properties_of(const std::vector<std::string>& from) {
  kafka_properties result;
  for (auto& x : from) {
    auto end = x.find('=');
    if (end == x.npos || end == 0)
      return fail(ec::bad_input, "[resources] kafka_properties: \"" + x
                                   + "\" is none such as "
                                     "\"security.protocol=SSL\"");
    result.emplace_back(x.substr(0, end), x.substr(end + 1));
  }
  return result;
}

caf::error offer_kafka(const node_settings& settings, node_options& options,
                       connectors& made) {
  auto& wanted = settings.resources;
  auto properties = kafka_properties_of(wanted.kafka_properties);
  if (!properties)
    return properties.error();
  auto* driver = driver_for<kafka_driver>(
    "kafka", {wanted.kafka_ingress_provider, wanted.kafka_egress_provider});
  if (!driver)
    return caf::none;
  if (auto& id = wanted.kafka_ingress_provider; !id.empty())
    offer(
      options, id, "kafka-ingress",
      kafka_ingress(*driver, *properties, add_counters(made, "kafka-ingress")));
  if (auto& id = wanted.kafka_egress_provider; !id.empty())
    offer(
      options, id, "kafka-egress",
      kafka_egress(*driver, *properties, add_counters(made, "kafka-egress")));
  return caf::none;
}

void offer_dda(const node_settings& settings, node_options& options,
               connectors& made) {
  auto& wanted = settings.resources;
  if (auto* driver = driver_for<dda_driver>("dda", {wanted.dda_provider}))
    offer(options, wanted.dda_provider, "dda",
          dda(*driver, wanted.dda_url, add_counters(made, "dda")));
}

} // namespace

caf::error offer_message_brokers(const node_settings& settings,
                                 node_options& options, connectors& made) {
  if (auto problem = offer_mqtt(settings, options, made))
    return problem;
  offer_dda(settings, options, made);
  return offer_kafka(settings, options, made);
}

} // namespace edgeless
