// SPDX-License-Identifier: MIT
#include "runtime/mqtt/forwarders.hpp"

#include "runtime/base/log.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <boost/json.hpp>

#include <cassert>

namespace edgeless {

namespace {

constexpr const char* suffix = ".queue";

/// The configuration as the label of a queue, and back; empty: it is none.
std::string to_label(const mqtt_configuration& x) {
  return boost::json::serialize(boost::json::value_from(x));
}

mqtt_configuration from_label(const std::string& text) {
  boost::system::error_code problem;
  auto value = boost::json::parse(text, problem);
  if (problem)
    return {};
  auto result = boost::json::try_value_to<mqtt_configuration>(value);
  return result ? *result : mqtt_configuration{};
}

} // namespace

mqtt_forwarders::~mqtt_forwarders() {
  for (auto& [component, x] : entries_)
    x.connection->close();
}

caf::error mqtt_forwarders::restore() {
  namespace fs = std::filesystem;
  std::error_code problem;
  fs::create_directories(options_.folder, problem);
  fs::directory_iterator files{options_.folder, problem};
  if (problem)
    return fail(ec::bad_input,
                options_.folder.string() + ": " + problem.message());
  for (auto& file : files) {
    auto& path = file.path();
    if (path.extension() != suffix)
      continue;
    auto component = path.stem().string();
    auto stored = disk_queue::open(path, options_.capacity);
    if (!stored) {
      log_error("mqtt", "stored messages are left alone: ", stored.error());
      continue;
    }
    auto label = (*stored)->label();
    auto is_empty = (*stored)->size() == 0;
    if (is_empty)
      (*stored)->erase();
    stored->reset();
    if (is_empty)
      continue;
    std::unique_lock guard{mutex_};
    auto made = make(component, from_label(label));
    if (!made) {
      log_error("mqtt", "stored messages are left alone file=", path.string(),
                " reason=", made.error());
      continue;
    }
    entries_[component] = std::move(*made);
    finish(component);
  }
  return caf::none;
}

caf::expected<mqtt_forwarders::entry>
mqtt_forwarders::make(const std::string& component,
                      const mqtt_configuration& configuration) {
  auto connect = mqtt_options_of(configuration, options_.identity);
  if (!connect)
    return connect.error();
  if (connect->client_id.empty())
    connect->client_id = "edgeless-" + component + "-" + options_.node;
  connect->session = std::chrono::seconds{connect->qos == 2 ? 3600 : 0};
  auto window = connect->qos == 2 ? limits::mqtt_in_flight_exactly_once
                                  : limits::mqtt_in_flight;
  connect->in_flight = static_cast<int>(window);
  auto file = options_.folder / (component + suffix);
  auto open
    = [file, capacity = options_.capacity, label = to_label(configuration)] {
        return disk_queue::open(file, capacity, label);
      };
  std::unique_ptr<disk_queue> stored;
  if (std::error_code ignored; std::filesystem::exists(file, ignored)) {
    auto opened = open();
    if (!opened)
      return opened.error();
    stored = std::move(*opened);
  }
  auto retain = configuration.find("retain");
  entry result;
  result.forwarder = std::make_shared<mqtt_forwarder>(
    component, connect->qos,
    retain != configuration.end() && retain->second == "true", window, open,
    std::move(stored), counters_);
  result.connection = driver_.open(std::move(*connect), result.forwarder);
  return result;
}

caf::expected<std::shared_ptr<mqtt_forwarder>>
mqtt_forwarders::attach(const std::string& component,
                        const mqtt_configuration& configuration) {
  std::unique_lock guard{mutex_};
  auto found = entries_.find(component);
  if (found == entries_.end()) {
    auto made = make(component, configuration);
    if (!made)
      return made.error();
    found = entries_.emplace(component, std::move(*made)).first;
  }
  ++found->second.instances;
  found->second.forwarder->resume();
  return found->second.forwarder;
}

void mqtt_forwarders::detach(const std::string& component) {
  std::unique_lock guard{mutex_};
  auto found = entries_.find(component);
  assert(found != entries_.end());
  assert(found->second.instances > 0);
  if (--found->second.instances == 0)
    finish(component);
}

void mqtt_forwarders::finish(const std::string& component) {
  auto& x = entries_.at(component);
  auto is_done = x.forwarder->finish([me = weak_from_this(), component] {
    if (auto alive = me.lock())
      alive->remove(component);
  });
  if (is_done) {
    x.connection->close();
    entries_.erase(component);
  }
}

/// Unless another instance has come meanwhile.
void mqtt_forwarders::remove(const std::string& component) {
  std::unique_lock guard{mutex_};
  auto found = entries_.find(component);
  if (found == entries_.end() || found->second.instances > 0)
    return;
  found->second.connection->close();
  entries_.erase(found);
}

} // namespace edgeless
