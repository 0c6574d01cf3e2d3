// SPDX-License-Identifier: MIT
#include "actors/connectors/brokers/mqtt_ingress.hpp"

#include "runtime/base/log.hpp"
#include "runtime/placement/annotations.hpp"

#include <mutex>

namespace edgeless {

namespace {

const std::string mqtt_output = "out";

/// Passes messages on. Its connection keeps it; so do casts that wait.
class mqtt_receiver : public mqtt_handler,
                      public std::enable_shared_from_this<mqtt_receiver> {
public:
  mqtt_receiver(std::string name, outlet_ptr out, bool adds_topic,
                connector_counters_ptr counters)
    : name_{std::move(name)}, out_{std::move(out)},
      adds_topic_{adds_topic}, counters_{std::move(counters)} {
    // nop
  }

  void on_connected(const mqtt_connection_ptr& by) override {
    std::unique_lock guard{mutex_};
    connection_ = by;
    was_connected_ = true;
    ++counters_->connected;
    log_info("mqtt", "connected resource=", name_);
  }

  void on_disconnected(const std::string& why) override {
    std::unique_lock guard{mutex_};
    if (std::exchange(connection_, nullptr))
      --counters_->connected;
    if (!why.empty())
      ++counters_->connection_failures;
    if (std::exchange(was_connected_, false) && !why.empty())
      log_warn("mqtt", "disconnected resource=", name_, " reason=", why);
    // Casts of the former connection do not count for the next.
    ++connections_;
    pending_ = 0;
    is_refused_ = false;
  }

  void on_wake(mqtt_connection&) override {
    // nop
  }

  void on_message(mqtt_message x) override {
    auto payload = adds_topic_ ? std::move(x.topic) + '\n' + x.payload
                               : std::move(x.payload);
    ++counters_->received;
    if (payload.size() > limits::payload) {
      ++counters_->failed;
      log_error("mqtt", "a message is larger than 16 MiB resource=", name_);
      return;
    }
    if (x.qos == 0) {
      if (!out_->cast(mqtt_output, std::move(payload)))
        ++counters_->failed;
      return;
    }
    std::uint64_t connection;
    {
      std::unique_lock guard{mutex_};
      ++pending_;
      connection = connections_;
    }
    auto done = [me = shared_from_this(), connection](bool is_accepted) {
      me->conclude(connection, is_accepted);
    };
    if (!out_->cast(mqtt_output, std::move(payload), done))
      conclude(connection, false);
  }

  acceptance accepted() override {
    std::unique_lock guard{mutex_};
    if (is_refused_)
      return acceptance::refused;
    return pending_ > 0 ? acceptance::pending : acceptance::accepted;
  }

private:
  void conclude(std::uint64_t connection, bool is_accepted) {
    std::unique_lock guard{mutex_};
    if (connection != connections_)
      return;
    --pending_;
    if (!is_accepted)
      is_refused_ = true;
    if (connection_ && (is_refused_ || pending_ == 0))
      connection_->wake();
  }

  const std::string name_;
  const outlet_ptr out_;
  const bool adds_topic_;
  const connector_counters_ptr counters_;
  std::mutex mutex_;
  mqtt_connection_ptr connection_; ///< nullptr: there is none
  bool was_connected_ = true;      ///< the failure that follows is logged
  std::uint64_t connections_ = 0;  ///< that have ended
  std::size_t pending_ = 0;        ///< casts of this connection
  bool is_refused_ = false;        ///< one of them was not accepted
};

class mqtt_ingress_resource : public resource {
public:
  mqtt_ingress_resource(const component_spec& spec, mqtt_driver& driver,
                        const mqtt_identity& identity,
                        connector_counters_ptr counters)
    : spec_{spec}, driver_{driver}, options_{mqtt_options_of(spec.settings,
                                                             identity)},
      counters_{std::move(counters)} {
    // nop
  }

  ~mqtt_ingress_resource() override {
    drain();
  }

  void set_outlet(outlet_ptr x) override {
    out_ = std::move(x);
  }

  /// The broker keeps what no instance has handled.
  channel_policies policies() const override {
    if (!options_ || options_->qos == 0
        || spec_.settings.contains("delivery." + mqtt_output)
        || spec_.settings.contains("on_full." + mqtt_output))
      return {};
    return {{mqtt_output, {full_policy::block, true}}};
  }

  caf::error open() override {
    if (!options_)
      return fail(ec::bad_input, "mqtt-ingress: " + explain(options_.error()));
    auto& x = *options_;
    auto topics = setting(spec_, "topics");
    for (auto item : split_list(topics)) {
      x.filters.emplace_back(item);
      if (auto wrong = mqtt_filter_fault(x.filters.back()); !wrong.empty())
        return fail(ec::bad_input, "mqtt-ingress: configuration `topics`: \""
                                     + printable(item) + "\": " + wrong);
    }
    // The same session for the next instance, wherever it is.
    if (x.client_id.empty())
      x.client_id = "edgeless-" + to_string(spec_.id);
    if (x.qos == 0)
      x.session = {};
    x.batch = limits::mqtt_batch;
    auto adds_topic = setting(spec_, "add-topic") == "true";
    connection_ = driver_.open(x, std::make_shared<mqtt_receiver>(
                                    spec_.name, out_, adds_topic, counters_));
    return caf::none;
  }

  void drain() override {
    if (connection_)
      std::exchange(connection_, nullptr)->close();
  }

  /// It has no inputs: what arrives is dropped.
  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    return {batch.size(),
            caf::error{fail(ec::bad_input, "mqtt-ingress handles no events")}};
  }

private:
  component_spec spec_;
  mqtt_driver& driver_;
  caf::expected<mqtt_options> options_;
  connector_counters_ptr counters_;
  outlet_ptr out_;
  mqtt_connection_ptr connection_;
};

} // namespace

resource_class mqtt_ingress(mqtt_driver& driver, mqtt_identity identity,
                            connector_counters_ptr counters) {
  return {[&driver, identity = std::move(identity),
           counters = std::move(counters)](const component_spec& spec) {
    return std::make_unique<mqtt_ingress_resource>(spec, driver, identity,
                                                   counters);
  }};
}

} // namespace edgeless
