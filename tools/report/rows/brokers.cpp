// SPDX-License-Identifier: MIT
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/harness/interleave.hpp"
#include "tools/report/harness/processes/child.hpp"
#include "tools/report/parts.hpp"

#include "actors/connectors/brokers/mqtt_egress.hpp"
#include "actors/connectors/brokers/mqtt_ingress.hpp"

#include "runtime/drivers/driver.hpp"

#include "messages/errors.hpp"

#include <atomic>
#include <fstream>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t message_size = 64;
constexpr auto longest = 60s;

/// Counts events.
class counting_resource : public resource {
public:
  explicit counting_resource(std::shared_ptr<std::atomic<std::size_t>> count)
    : count_{std::move(count)} {
    // nop
  }
  caf::error open() override {
    return caf::none;
  }
  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    *count_ += batch.size();
    return {};
  }

private:
  std::shared_ptr<std::atomic<std::size_t>> count_;
};

/// A mosquitto that keeps everything that its subscribers have not read.
class mosquitto_child {
public:
  static caf::expected<std::unique_ptr<mosquitto_child>>
  spawn(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    auto result = std::make_unique<mosquitto_child>();
    auto url = free_url();
    result->port_ = url.substr(url.rfind(':') + 1);
    result->folder_ = folder;
    std::ofstream{folder / "conf"}
      << "listener " << result->port_
      << " 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n";
    auto started = child::spawn_program(
      folder, {"mosquitto", "-c", (folder / "conf").string()});
    if (!started)
      return started.error();
    result->process_ = std::move(*started);
    std::this_thread::sleep_for(300ms);
    if (!result->process_->is_running())
      return fail(ec::system_failure,
                  "mosquitto is not installed, or does not start");
    return result;
  }

  std::string url() const {
    return "mqtt://127.0.0.1:" + port_;
  }

  /// mosquitto_pub or mosquitto_sub with the topic "in" or "out".
  caf::expected<std::unique_ptr<child>>
  client(const std::string& program, const std::string& topic, int qos,
         std::vector<std::string> more) const {
    more.insert(more.begin(),
                {program, "-p", port_, "-t", topic, "-q", std::to_string(qos)});
    return child::spawn_program(folder_, more);
  }

  caf::expected<std::unique_ptr<child>>
  subscriber(const std::string& topic, int qos, std::size_t count) const {
    auto result
      = client("mosquitto_sub", topic, qos, {"-C", std::to_string(count)});
    std::this_thread::sleep_for(300ms); // it subscribes
    return result;
  }

  caf::expected<std::unique_ptr<child>> publisher(int qos,
                                                  std::size_t count) const {
    return client("mosquitto_pub", "in", qos,
                  {"--repeat", std::to_string(count), "-m",
                   std::string(message_size, 'x')});
  }

private:
  std::filesystem::path folder_;
  std::string port_;
  std::unique_ptr<child> process_;
};

caf::expected<std::vector<double>> rate_of(std::size_t count,
                                           clock::time_point start,
                                           const std::function<bool()>& done) {
  if (!wait_until(longest, done))
    return fail(ec::unreachable, "messages were lost");
  return std::vector{static_cast<double>(count) / seconds_since(start)};
}

caf::expected<std::vector<double>> sample_clients(const mosquitto_child& broker,
                                                  int qos, std::size_t count) {
  auto subscriber = broker.subscriber("in", qos, count);
  if (!subscriber)
    return subscriber.error();
  auto start = clock::now();
  auto publisher = broker.publisher(qos, count);
  if (!publisher)
    return publisher.error();
  return rate_of(count, start, [&] { return !(*subscriber)->is_running(); });
}

/// A node with the resources, in this process.
struct broker_node {
  broker_node(const plan& how, mqtt_driver& driver)
    : forwarders{std::make_shared<mqtt_forwarders>(
      driver,
      mqtt_forwarder_options{"node", {}, how.scratch / "store", 1u << 30},
      counters)},
      host{how.scratch / "code",
           draw<node_id>(os_random()),
           false,
           nullptr,
           {{"mqtt-ingress", std::make_shared<const resource_class>(
                               mqtt_ingress(driver, {}, counters))},
            {"mqtt-egress",
             std::make_shared<const resource_class>(mqtt_egress(forwarders))},
            {"count", std::make_shared<const resource_class>(
                        resource_class{[x = received](const component_spec&) {
                          return std::make_unique<counting_resource>(x);
                        }})}}} {
    // nop
  }

  caf::expected<physical_id> start(const std::string& type,
                                   std::map<std::string, std::string> settings,
                                   const output_map& outputs = {}) {
    component_spec spec;
    spec.id = draw<logical_id>(os_random());
    spec.name = spec.class_id = type;
    spec.kind = component_kind::resource;
    spec.settings = std::move(settings);
    auto id = draw<physical_id>(os_random());
    if (auto problem = host.start(id, spec, outputs))
      return problem;
    return id;
  }

  connector_counters_ptr counters
    = std::make_shared<connector_counters>("mqtt");
  std::shared_ptr<std::atomic<std::size_t>> received
    = std::make_shared<std::atomic<std::size_t>>(0);
  std::shared_ptr<mqtt_forwarders> forwarders;
  node host;
};

caf::expected<std::vector<double>>
sample_ingress(const plan& how, const mosquitto_child& broker,
               mqtt_driver& driver, int qos, std::size_t count) {
  broker_node to{how, driver};
  auto sink = to.start("count", {});
  if (!sink)
    return sink.error();
  auto source = to.start("mqtt-ingress",
                         {{"url", broker.url()},
                          {"topics", "in"},
                          {"qos", std::to_string(qos)},
                          {"session_secs", "0"}},
                         {1, {{"out", to.host.endpoint_of(*sink)}}});
  if (!source)
    return source.error();
  wait_until(5s, [&] { return to.counters->connected == 1; });
  std::this_thread::sleep_for(300ms); // it subscribes
  auto start = clock::now();
  auto publisher = broker.publisher(qos, count);
  if (!publisher)
    return publisher.error();
  return rate_of(count, start, [&] { return *to.received >= count; });
}

caf::expected<std::vector<double>>
sample_egress(const plan& how, const mosquitto_child& broker,
              mqtt_driver& driver, int qos, std::size_t count) {
  broker_node from{how, driver};
  auto target = from.start(
    "mqtt-egress",
    {{"url", broker.url()}, {"topic", "out"}, {"qos", std::to_string(qos)}});
  if (!target)
    return target.error();
  auto subscriber = broker.subscriber("out", qos, count);
  if (!subscriber)
    return subscriber.error();
  wait_until(5s, [&] { return from.counters->connected == 1; });
  auto start = clock::now();
  for (std::size_t sent = 0; sent < count; ++sent) {
    // The inbox of the resource has room for more.
    if (sent % 512 == 0 && !wait_until(longest, [&] {
          return sent - from.host.counts().handled() < 2048;
        }))
      break;
    from.host.cast(*target, std::string(message_size, 'x'));
  }
  return rate_of(count, start, [&] { return !(*subscriber)->is_running(); });
}

rows mqtt_rows(const plan& how, const mosquitto_child& broker,
               mqtt_driver& driver, int qos) {
  auto count = how.quick ? 5000u : 50'000u;
  auto level = ", QoS " + std::to_string(qos);
  auto line = [&](const std::string& what) {
    return row{what + level + " (aim: ratio 0.7)",
               unit::per_second,
               {},
               baseline{"mosquitto's own clients"}};
  };
  return interleave(how.repeats(10), 0,
                    {{{"mosquitto_pub to mosquitto_sub" + level},
                      [&, qos, count] {
                        return sample_clients(broker, qos, count);
                      }},
                     {line("MQTT to a resource"),
                      [&, qos, count] {
                        return sample_ingress(how, broker, driver, qos, count);
                      }},
                     {line("a resource to MQTT"), [&, qos, count] {
                        return sample_egress(how, broker, driver, qos, count);
                      }}});
}

} // namespace

rows brokers(const plan& how) {
  auto driver = load_driver<mqtt_driver>("mqtt");
  if (!driver)
    return with_failure({{"MQTT messages"}}, explain(driver.error()));
  auto broker = mosquitto_child::spawn(how.scratch / "mosquitto");
  if (!broker)
    return with_failure({{"MQTT messages"}}, explain(broker.error()));
  rows result;
  for (auto qos : {0, 1})
    append(result, mqtt_rows(how, **broker, **driver, qos));
  return result;
}

} // namespace edgeless::benchmark
