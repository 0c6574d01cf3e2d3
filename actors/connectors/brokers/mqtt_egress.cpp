// SPDX-License-Identifier: MIT
#include "actors/connectors/brokers/mqtt_egress.hpp"

namespace edgeless {

namespace {

class mqtt_egress_resource : public resource {
public:
  mqtt_egress_resource(const component_spec& spec,
                       std::shared_ptr<mqtt_forwarders> forwarders)
    : component_{to_string(spec.id)}, configuration_{spec.settings},
      topic_{setting(spec, "topic")}, takes_topic_{setting(spec, "take-topic")
                                                   == "true"},
      forwarders_{std::move(forwarders)} {
    // nop
  }

  ~mqtt_egress_resource() override {
    if (forwarder_)
      forwarders_->detach(component_);
  }

  void set_outlet(outlet_ptr x) override {
    out_ = std::move(x);
  }

  caf::error open() override {
    auto wrong = takes_topic_ ? "" : mqtt_topic_fault(topic_);
    if (!wrong.empty())
      return fail(ec::bad_input,
                  "mqtt-egress: configuration `topic`: " + wrong);
    auto attached = forwarders_->attach(component_, configuration_);
    if (!attached)
      return fail(ec::bad_input, "mqtt-egress: " + explain(attached.error()));
    forwarder_ = std::move(*attached);
    return caf::none;
  }

  std::size_t capacity() const override {
    return limits::deferred_events;
  }

  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    outcome result;
    std::vector<mqtt_forwarder::request> requests;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      auto message = message_of(batch[i].payload);
      if (!message) {
        ++result.failed;
        result.problem = message.error();
        result.answers[i] = std::nullopt;
        continue;
      }
      result.deferred[i] = ++last_ticket_;
      requests.push_back({std::move(*message),
                          [out = out_, ticket = last_ticket_](caf::error x) {
                            if (x)
                              out->finish(ticket, std::move(x));
                            else
                              out->finish(ticket, std::string{});
                          }});
    }
    forwarder_->add(std::move(requests));
    return result;
  }

private:
  caf::expected<mqtt_message> message_of(const std::string& payload) const {
    if (!takes_topic_)
      return mqtt_message{topic_, payload};
    auto end = std::min(payload.find('\n'), payload.size());
    auto topic = payload.substr(0, end);
    if (auto wrong = mqtt_topic_fault(topic); !wrong.empty())
      return fail(ec::bad_input,
                  "mqtt-egress: the first line of an event: " + wrong);
    return mqtt_message{std::move(topic),
                        payload.substr(std::min(end + 1, payload.size()))};
  }

  std::string component_;
  mqtt_configuration configuration_;
  std::string topic_;
  bool takes_topic_;
  std::shared_ptr<mqtt_forwarders> forwarders_;
  std::shared_ptr<mqtt_forwarder> forwarder_;
  outlet_ptr out_;
  std::uint64_t last_ticket_ = 0;
};

} // namespace

resource_class mqtt_egress(std::shared_ptr<mqtt_forwarders> forwarders) {
  auto make = [forwarders = std::move(forwarders)](const component_spec& spec) {
    return std::make_unique<mqtt_egress_resource>(spec, forwarders);
  };
  // The disk may block.
  return {make, true};
}

} // namespace edgeless
