// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/drivers/kafka.hpp"

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

namespace edgeless {

struct rd_kafka_deleter {
  void operator()(rd_kafka_t* x) const {
    rd_kafka_destroy(x);
  }
};
using rd_kafka_ptr = std::unique_ptr<rd_kafka_t, rd_kafka_deleter>;

/// A client of librdkafka. `opaque` is what its callbacks get; `set` may add
/// callbacks. nullptr: see `problem`.
rd_kafka_ptr make_kafka_client(rd_kafka_type_t type,
                               const kafka_properties& properties, void* opaque,
                               void (*set)(rd_kafka_conf_t*),
                               std::string& problem);

std::unique_ptr<kafka_producer>
make_kafka_producer(const kafka_properties& properties,
                    kafka_problem_handler on_problem, std::string& problem);

std::unique_ptr<kafka_consumer>
make_kafka_consumer(const kafka_properties& properties,
                    const std::vector<std::string>& topics, std::size_t window,
                    kafka_consumer::message_handler on_message,
                    kafka_problem_handler on_problem, std::string& problem);

} // namespace edgeless
