// SPDX-License-Identifier: MIT
#include "actors/net/peer_connection.hpp"

#include <algorithm>
#include <cassert>

namespace edgeless {

peer_connection::peer_connection(const node_id& peer, std::uint64_t id,
                                 instance_registry& registry)
  : peer{peer}, id_{id}, credit_{registry.egress_credit(peer)},
    counters_{registry.counters} {
  // nop
}

// -- queue and flow control ---------------------------------------------------

void peer_connection::enqueue(const physical_id& target, event x,
                              const std::string& source_url, time_point now) {
  idle_since = now;
  if (x.payload.size() <= limits::part) {
    queue_.push_back({now, fragment{target, false, std::move(x), source_url}});
    return;
  }
  auto whole = std::exchange(x.payload, {});
  for (std::size_t at = 0; at < whole.size(); at += limits::part) {
    fragment part{target, at + limits::part < whole.size(), x, source_url};
    part.content.payload = whole.substr(at, limits::part);
    queue_.push_back({now, std::move(part)});
  }
}

peer_connection::in_flight_batch* peer_connection::make_batch(time_point now) {
  if (queue_.empty() || in_flight_.size() >= limits::egress_batches
      || fragments_in_flight_ >= limits::credit_events
      || bytes_in_flight_ >= limits::credit_bytes)
    return nullptr;
  in_flight_batch x;
  batch content;
  x.first = content.first = next_;
  x.since = now;
  content.fragments.reserve(std::min(queue_.size(), limits::batch_events));
  while (!queue_.empty() && x.count < limits::batch_events
         && x.bytes < limits::batch_bytes) {
    auto& front = queue_.front().content;
    x.bytes += front.content.payload.size();
    ++x.count;
    content.fragments.push_back(std::move(front));
    queue_.pop_front();
  }
  assert(x.count > 0);
  assert(in_flight_.empty()
         || in_flight_.back().first + in_flight_.back().count == x.first);
  next_ += x.count;
  fragments_in_flight_ += x.count;
  bytes_in_flight_ += x.bytes;
  counters_.credit_events += x.count;
  counters_.credit_bytes += x.bytes;
  x.content = caf::make_message(atom::deliver_v, id_, std::move(content));
  return &in_flight_.emplace_back(std::move(x));
}

void peer_connection::release(const in_flight_batch& x) {
  assert(fragments_in_flight_ >= x.count && bytes_in_flight_ >= x.bytes);
  fragments_in_flight_ -= x.count;
  bytes_in_flight_ -= x.bytes;
  counters_.credit_events -= x.count;
  counters_.credit_bytes -= x.bytes;
}

std::uint64_t peer_connection::acknowledge(std::uint64_t next_expected,
                                           time_point now) {
  std::uint64_t events = 0, bytes = 0;
  while (!in_flight_.empty()
         && in_flight_.front().first + in_flight_.front().count
              <= next_expected) {
    auto& x = in_flight_.front();
    for (auto& item : x.content.get_as<batch>(2).fragments)
      if (takes_credit(item.content)) {
        events += !item.more;
        bytes += item.content.payload.size();
      }
    release(x);
    in_flight_.pop_front();
  }
  assert(!in_flight_.empty() || fragments_in_flight_ + bytes_in_flight_ == 0);
  credit_->give_back(events, bytes);
  idle_since = now;
  return events;
}

void peer_connection::drop_all(
  std::uint64_t id, const std::function<void(const event&)>& dropped) {
  auto drop = [&](const fragment& x) {
    if (!takes_credit(x.content))
      return;
    credit_->give_back(!x.more, x.content.payload.size());
    if (!x.more)
      dropped(x.content);
  };
  for (auto& x : queue_)
    drop(x.content);
  queue_.clear();
  for (auto& x : in_flight_) {
    release(x);
    for (auto& item : x.content.get_as<batch>(2).fragments)
      drop(item);
  }
  in_flight_.clear();
  assert(fragments_in_flight_ == 0 && bytes_in_flight_ == 0);
  // The peer will never receive the dropped numbers: a new sequence begins.
  assert(id != id_);
  id_ = id;
  next_ = 1;
}

peer_connection::time_point
peer_connection::waiting_since(time_point now) const {
  return !in_flight_.empty() ? in_flight_.front().since
         : !queue_.empty()   ? queue_.front().since
                             : now;
}

// -- network connection -------------------------------------------------------

void peer_connection::set_url(const std::string& url) {
  if (url_ == url)
    return;
  if (state_ == phase::dialling)
    state_ = phase::disconnected;
  url_ = url;
  failures_ = 0;
  redial_at_ = {};
}

bool peer_connection::start_dialling(time_point now) {
  if (state_ != phase::disconnected || now < redial_at_)
    return false;
  assert(!ingress_);
  state_ = phase::dialling;
  return true;
}

void peer_connection::on_dialled(ingress_actor ingress) {
  assert(state_ == phase::dialling && ingress);
  ingress_ = std::move(ingress);
  state_ = phase::greeting;
}

void peer_connection::on_greeting() {
  assert(state_ == phase::greeting || state_ == phase::open);
  assert(ingress_);
  state_ = phase::greeting;
}

bool peer_connection::on_open() {
  assert(state_ == phase::greeting && ingress_);
  state_ = phase::open;
  return std::exchange(failures_, 0) > 0;
}

bool peer_connection::on_disconnected(time_point redial_at) {
  if (state_ == phase::disconnected)
    return false;
  state_ = phase::disconnected;
  ingress_ = nullptr;
  redial_at_ = redial_at;
  ++failures_;
  return true;
}

} // namespace edgeless
