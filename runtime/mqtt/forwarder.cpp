// SPDX-License-Identifier: MIT
#include "runtime/mqtt/forwarder.hpp"

#include "runtime/base/log.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edgeless {

namespace {

/// What stands in the file: the topic, a zero byte, the payload.
std::string to_stored(const mqtt_message& x) {
  return x.topic + '\0' + x.payload;
}

mqtt_message from_stored(const std::string& bytes) {
  auto end = std::min(bytes.find('\0'), bytes.size());
  return {bytes.substr(0, end), bytes.substr(std::min(end + 1, bytes.size()))};
}

void conclude(mqtt_forwarder::request& x, caf::error problem) {
  if (auto f = std::exchange(x.on_done, {}))
    f(std::move(problem));
}

} // namespace

mqtt_forwarder::mqtt_forwarder(std::string name, int qos, bool is_retained,
                               std::size_t in_flight, store_opener open,
                               std::unique_ptr<disk_queue> stored,
                               connector_counters_ptr counters)
  : name_{std::move(name)}, qos_{qos}, is_retained_{is_retained},
    in_flight_{in_flight}, open_{std::move(open)},
    counters_{std::move(counters)}, stored_{std::move(stored)} {
  assert(in_flight > 0);
  update_gauges();
}

mqtt_forwarder::~mqtt_forwarder() {
  stored_ = nullptr;
  update_gauges();
}

void mqtt_forwarder::add(std::vector<request> batch) {
  std::unique_lock guard{mutex_};
  assert(!on_end_);
  if (qos_ > 0 && (!connection_ || has_backlog()))
    return store(std::move(batch));
  for (auto& x : batch) {
    if (connection_) {
      waiting_.push_back(std::move(x));
    } else {
      ++counters_->failed;
      conclude(x, fail(ec::unreachable, "the broker is away"));
    }
  }
  if (connection_)
    connection_->wake();
}

bool mqtt_forwarder::has_backlog() const {
  return stored_ && stored_->size() > 0 && cursor_ < stored_->last();
}

bool mqtt_forwarder::finish(std::function<void()> on_end) {
  std::unique_lock guard{mutex_};
  store_memory();
  if (clean_up())
    return true;
  on_end_ = std::move(on_end);
  return false;
}

void mqtt_forwarder::resume() {
  std::unique_lock guard{mutex_};
  on_end_ = {};
}

// -- the connection -----------------------------------------------------------

void mqtt_forwarder::on_connected(const mqtt_connection_ptr& by) {
  std::unique_lock guard{mutex_};
  connection_ = by;
  was_connected_ = true;
  ++counters_->connected;
  log_info("mqtt", "connected resource=", name_,
           " stored=", stored_ ? stored_->size() : 0);
  publish_waiting(*by);
}

void mqtt_forwarder::on_disconnected(const std::string& why) {
  std::unique_lock guard{mutex_};
  if (std::exchange(connection_, nullptr))
    --counters_->connected;
  if (!why.empty())
    ++counters_->connection_failures;
  if (std::exchange(was_connected_, false) && !why.empty())
    log_warn("mqtt", "disconnected resource=", name_, " reason=", why);
  store_memory();
  check_end(guard);
}

void mqtt_forwarder::on_wake(mqtt_connection& by) {
  std::unique_lock guard{mutex_};
  if (connection_)
    publish_waiting(by);
}

void mqtt_forwarder::on_acknowledged(mqtt_connection& by, int id,
                                     bool is_taken) {
  std::unique_lock guard{mutex_};
  auto i = std::ranges::find(sent_, id, &published::id);
  if (i == sent_.end())
    return;
  ++(is_taken ? counters_->sent : counters_->failed);
  if (i->number != 0)
    acknowledged_.push_back(i->number);
  conclude(i->content,
           is_taken ? caf::error{}
                    : fail(ec::bad_input, "the broker refuses the message"));
  sent_.erase(i);
  // One transaction removes many. What is removed late is published again
  // after a crash, which QoS 1 allows.
  if (qos_ == 2 || sent_.empty()
      || acknowledged_.size() >= limits::mqtt_stored_batch)
    remove_acknowledged();
  if (sent_.size() <= in_flight_ / 2)
    publish_waiting(by);
  check_end(guard);
}

void mqtt_forwarder::publish_waiting(mqtt_connection& by) {
  while (sent_.size() < in_flight_ && has_backlog())
    if (!publish_stored(by))
      break;
  while (sent_.size() < in_flight_ && !waiting_.empty()) {
    auto x = std::move(waiting_.front());
    waiting_.pop_front();
    publish(by, std::move(x));
  }
}

/// False: nothing is left of what was stored.
bool mqtt_forwarder::publish_stored(mqtt_connection& by) {
  auto items = stored_->read(cursor_, in_flight_ - sent_.size());
  if (items.empty())
    cursor_ = stored_->last();
  for (auto& x : items) {
    assert(x.number > cursor_);
    cursor_ = x.number;
    auto message = from_stored(x.bytes);
    message.qos = qos_;
    message.is_retained = is_retained_;
    if (auto id = by.publish(message)) {
      sent_.push_back({*id, x.number});
    } else {
      ++counters_->failed;
      acknowledged_.push_back(x.number);
    }
  }
  if (sent_.empty())
    remove_acknowledged();
  return !items.empty();
}

void mqtt_forwarder::publish(mqtt_connection& by, request x) {
  x.message.qos = qos_;
  x.message.is_retained = is_retained_;
  if (auto id = by.publish(x.message)) {
    sent_.push_back({*id, 0, std::move(x)});
  } else {
    ++counters_->failed;
    conclude(x, fail(ec::bad_input, "the broker takes no such message"));
  }
}

// -- the disk -----------------------------------------------------------------

void mqtt_forwarder::remove_acknowledged() {
  if (stored_)
    stored_->remove(acknowledged_);
  acknowledged_.clear();
  update_gauges();
}

void mqtt_forwarder::store(std::vector<request> batch) {
  auto problem = write(batch);
  if (problem)
    counters_->failed += batch.size();
  for (auto& x : batch)
    conclude(x, problem);
  if (connection_)
    connection_->wake();
}

caf::error mqtt_forwarder::write(const std::vector<request>& batch) {
  if (batch.empty())
    return caf::none;
  if (!stored_) {
    auto opened = open_();
    if (!opened)
      return opened.error();
    stored_ = std::move(*opened);
    cursor_ = stored_->last();
  }
  std::vector<std::string> items;
  for (auto& x : batch)
    items.push_back(to_stored(x.message));
  auto evicted = stored_->push(items);
  if (!evicted)
    return evicted.error();
  if (*evicted > 0)
    log_error("mqtt", "the oldest messages were dropped resource=", name_,
              " count=", *evicted, " reason=the store is full");
  counters_->evicted += *evicted;
  update_gauges();
  return caf::none;
}

/// Messages that are only in memory go to the disk, in order. Those of QoS 0
/// are lost if the connection is.
void mqtt_forwarder::store_memory() {
  if (qos_ == 0) {
    if (connection_)
      return;
    for (auto& x : std::exchange(sent_, {}))
      waiting_.push_front(std::move(x.content));
    for (auto& x : std::exchange(waiting_, {})) {
      ++counters_->failed;
      conclude(x, fail(ec::unreachable, "the connection broke"));
    }
    return;
  }
  std::vector<request> batch;
  for (auto& x : sent_)
    if (x.number == 0)
      batch.push_back(std::move(x.content));
  auto published = batch.size();
  for (auto& x : std::exchange(waiting_, {}))
    batch.push_back(std::move(x));
  if (batch.empty())
    return;
  auto problem = write(batch);
  if (problem) {
    // What is published may still arrive.
    log_error("mqtt", "messages cannot be stored resource=", name_,
              " count=", batch.size(), " reason=", problem);
    counters_->failed += batch.size();
  } else {
    auto first = stored_->last() - static_cast<std::int64_t>(batch.size()) + 1;
    cursor_ = first + static_cast<std::int64_t>(published) - 1;
    for (auto& x : sent_)
      if (x.number == 0)
        x.number = first++;
  }
  if (problem)
    std::erase_if(sent_, [](auto& x) { return x.number == 0; });
  for (auto& x : batch)
    conclude(x, problem);
}

void mqtt_forwarder::update_gauges() {
  auto size = stored_ ? stored_->size() : 0;
  auto bytes = stored_ ? stored_->bytes() : 0;
  counters_->stored += size - std::exchange(counted_, size);
  counters_->stored_bytes += bytes - std::exchange(counted_bytes_, bytes);
}

/// False: messages are left. Else their file goes.
bool mqtt_forwarder::clean_up() {
  if (!sent_.empty() || !waiting_.empty())
    return false;
  if (stored_) {
    remove_acknowledged();
    if (stored_->size() > 0)
      return false;
    stored_->erase();
    stored_ = nullptr;
    cursor_ = 0;
    update_gauges();
  }
  return true;
}

void mqtt_forwarder::check_end(std::unique_lock<std::mutex>& guard) {
  if (!on_end_ || !clean_up())
    return;
  auto on_end = std::exchange(on_end_, {});
  guard.unlock();
  on_end();
}

} // namespace edgeless
