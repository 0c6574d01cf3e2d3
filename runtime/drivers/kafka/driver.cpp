// SPDX-License-Identifier: MIT
#include "runtime/drivers/driver.hpp"

#include "runtime/drivers/kafka/client.hpp"

namespace edgeless {

rd_kafka_ptr make_kafka_client(rd_kafka_type_t type,
                               const kafka_properties& properties, void* opaque,
                               void (*set)(rd_kafka_conf_t*),
                               std::string& problem) {
  char text[512] = "";
  auto* conf = rd_kafka_conf_new();
  for (auto& [name, value] : properties)
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof text)
        != RD_KAFKA_CONF_OK) {
      problem = text;
      rd_kafka_conf_destroy(conf);
      return nullptr;
    }
  rd_kafka_conf_set_opaque(conf, opaque);
  // Its log lines repeat what the callback for errors gets.
  rd_kafka_conf_set_log_cb(conf, nullptr);
  set(conf);
  rd_kafka_ptr result{rd_kafka_new(type, conf, text, sizeof text)};
  if (!result) {
    problem = text;
    rd_kafka_conf_destroy(conf);
  }
  return result;
}

namespace {

class librdkafka_driver : public kafka_driver {
public:
  std::unique_ptr<kafka_producer> produce(const kafka_properties& properties,
                                          kafka_problem_handler on_problem,
                                          std::string& problem) override {
    return make_kafka_producer(properties, std::move(on_problem), problem);
  }

  std::unique_ptr<kafka_consumer>
  consume(const kafka_properties& properties,
          const std::vector<std::string>& topics, std::size_t window,
          kafka_consumer::message_handler on_message,
          kafka_problem_handler on_problem, std::string& problem) override {
    return make_kafka_consumer(properties, topics, window,
                               std::move(on_message), std::move(on_problem),
                               problem);
  }
};

} // namespace

} // namespace edgeless

EDGELESS_DRIVER(edgeless::kafka_driver, edgeless::librdkafka_driver)
