// SPDX-License-Identifier: MIT
#include "actors/connectors/brokers/kafka.hpp"

#include "actors/resources/deferring_resource.hpp"

#include "runtime/base/log.hpp"
#include "runtime/placement/annotations.hpp"

#include <atomic>
#include <chrono>

namespace edgeless {

namespace {

const std::string kafka_output = "out";

/// Counts the failures of one client, and logs one now and then.
kafka_problem_handler problem_logger(const std::string& resource,
                                     connector_counters_ptr counters) {
  auto last = std::make_shared<std::atomic<std::int64_t>>(0);
  return
    [resource, counters = std::move(counters), last](const std::string& why) {
      ++counters->connection_failures;
      auto now = std::chrono::steady_clock::now().time_since_epoch().count();
      auto before = last->load();
      auto pause = std::chrono::nanoseconds{limits::log_pause}.count();
      if ((before == 0 || now - before > pause)
          && last->compare_exchange_strong(before, now))
        log_warn("kafka", "resource=", resource, " reason=", why);
    };
}

caf::error missing(const component_spec& spec, const char* type,
                   std::initializer_list<const char*> keys) {
  for (auto* key : keys)
    if (setting(spec, key).empty())
      return fail(ec::bad_input, std::string{type} + ": configuration `" + key
                                   + "` is missing");
  return caf::none;
}

kafka_properties operator+(kafka_properties x, const kafka_properties& y) {
  x.insert(x.end(), y.begin(), y.end());
  return x;
}

std::string in_milliseconds(std::chrono::milliseconds x) {
  return std::to_string(x.count());
}

class kafka_egress_resource : public deferring_resource {
public:
  kafka_egress_resource(const component_spec& spec, kafka_driver& driver,
                        kafka_properties properties,
                        connector_counters_ptr counters)
    : spec_{spec}, driver_{driver}, properties_{std::move(properties)},
      counters_{std::move(counters)}, topic_{setting(spec, "topic")},
      takes_key_{setting(spec, "take-key") == "true"} {
    // nop
  }

  caf::error open() override {
    if (auto problem = missing(spec_, "kafka-egress", {"brokers", "topic"}))
      return problem;
    kafka_properties own{
      {"bootstrap.servers", setting(spec_, "brokers")},
      {"client.id", "edgeless-" + to_string(spec_.id)},
      // No message twice, none before another.
      {"enable.idempotence", "true"},
      {"message.timeout.ms", in_milliseconds(limits::kafka_delivery)},
      {"message.max.bytes", std::to_string(limits::kafka_message)},
      // A message leaves the queue some time after its report.
      {"queue.buffering.max.messages",
       std::to_string(2 * limits::deferred_events)},
    };
    std::string problem;
    producer_ = driver_.produce(own + properties_,
                                problem_logger(spec_.name, counters_), problem);
    return producer_ ? caf::error{}
                     : fail(ec::bad_input, "kafka-egress: " + problem);
  }

private:
  caf::error start(const event& x, std::uint64_t ticket) override {
    producer_->send(message_of(x.payload), [out = out(), counters = counters_,
                                            ticket](
                                             const std::string& problem) {
      ++(problem.empty() ? counters->sent : counters->failed);
      if (problem.empty())
        out->finish(ticket, std::string{});
      else
        out->finish(ticket, fail(ec::unreachable, "kafka-egress: " + problem));
    });
    return caf::none;
  }

  /// The key is empty, as in EDGELESS, or the first line.
  kafka_message message_of(const std::string& payload) const {
    if (!takes_key_)
      return {topic_, "", payload};
    auto end = std::min(payload.find('\n'), payload.size());
    return {topic_, payload.substr(0, end),
            payload.substr(std::min(end + 1, payload.size()))};
  }

  component_spec spec_;
  kafka_driver& driver_;
  kafka_properties properties_;
  connector_counters_ptr counters_;
  std::string topic_;
  bool takes_key_;
  std::unique_ptr<kafka_producer> producer_;
};

class kafka_ingress_resource : public resource {
public:
  kafka_ingress_resource(const component_spec& spec, kafka_driver& driver,
                         kafka_properties properties,
                         connector_counters_ptr counters)
    : spec_{spec}, driver_{driver},
      properties_{std::move(properties)}, counters_{std::move(counters)} {
    // nop
  }

  void set_outlet(outlet_ptr x) override {
    out_ = std::move(x);
  }

  /// The cluster keeps what no instance has handled.
  channel_policies policies() const override {
    if (spec_.settings.contains("delivery." + kafka_output)
        || spec_.settings.contains("on_full." + kafka_output))
      return {};
    return {{kafka_output, {full_policy::block, true}}};
  }

  caf::error open() override {
    if (auto problem = missing(spec_, "kafka-ingress", {"brokers", "topics"}))
      return problem;
    auto from = setting(spec_, "from");
    if (!from.empty() && from != "earliest" && from != "latest")
      return fail(ec::bad_input, "kafka-ingress: configuration `from` must be "
                                 "\"earliest\" or \"latest\"");
    auto names = setting(spec_, "topics");
    std::vector<std::string> topics;
    for (auto x : split_list(names))
      topics.emplace_back(x);
    auto group = setting(spec_, "group");
    kafka_properties own{
      {"bootstrap.servers", setting(spec_, "brokers")},
      {"client.id", "edgeless-" + to_string(spec_.id)},
      // The same group for the next instance, wherever it is.
      {"group.id", group.empty() ? "edgeless-" + to_string(spec_.id) : group},
      {"auto.offset.reset", from.empty() ? "earliest" : from},
      {"enable.auto.offset.store", "false"},
      {"auto.commit.interval.ms", in_milliseconds(limits::kafka_commit)},
      {"session.timeout.ms", in_milliseconds(limits::kafka_session)},
      // A function may take its time.
      {"max.poll.interval.ms", in_milliseconds(limits::kafka_poll)},
      {"queued.max.messages.kbytes", std::to_string(limits::kafka_queue >> 10)},
    };
    std::string problem;
    consumer_ = driver_.consume(
      own + properties_, topics, limits::kafka_window,
      [out = out_, counters = counters_,
       adds_key = setting(spec_, "add-key")
                  == "true"](kafka_message x, std::function<void(bool)> done) {
        ++counters->received;
        auto payload = adds_key ? std::move(x.key) + '\n' + x.payload
                                : std::move(x.payload);
        if (payload.size() > limits::payload) {
          // It would never fit.
          ++counters->failed;
          done(true);
        } else if (!out->cast(kafka_output, std::move(payload), done)) {
          done(false);
        }
      },
      problem_logger(spec_.name, counters_), problem);
    return consumer_ ? caf::error{}
                     : fail(ec::bad_input, "kafka-ingress: " + problem);
  }

  void drain() override {
    consumer_ = nullptr;
  }

  /// It has no inputs: what arrives is dropped.
  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    return {batch.size(),
            caf::error{fail(ec::bad_input, "kafka-ingress handles no events")}};
  }

private:
  component_spec spec_;
  kafka_driver& driver_;
  kafka_properties properties_;
  connector_counters_ptr counters_;
  outlet_ptr out_;
  std::unique_ptr<kafka_consumer> consumer_;
};

template <class Resource>
resource_class kafka_class(kafka_driver& driver, kafka_properties properties,
                           connector_counters_ptr counters) {
  return {[&driver, properties = std::move(properties),
           counters = std::move(counters)](const component_spec& spec) {
    return std::make_unique<Resource>(spec, driver, properties, counters);
  }};
}

} // namespace

resource_class kafka_egress(kafka_driver& driver, kafka_properties properties,
                            connector_counters_ptr counters) {
  return kafka_class<kafka_egress_resource>(driver, std::move(properties),
                                            std::move(counters));
}

resource_class kafka_ingress(kafka_driver& driver, kafka_properties properties,
                             connector_counters_ptr counters) {
  return kafka_class<kafka_ingress_resource>(driver, std::move(properties),
                                             std::move(counters));
}

} // namespace edgeless
