// SPDX-License-Identifier: MIT
#include "runtime/metrics/sample_buffer.hpp"

#include "messages/limits.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edgeless {

namespace {

/// The size of the header of an instance in a report, in samples.
constexpr std::size_t header = 3;

std::size_t size_of(const function_log& x) {
  return sizeof x + x.target.size() + x.text.size();
}

} // namespace

void sample_buffer::add(execution_times x) {
  if (x.seconds.empty())
    return;
  auto& row = rows_[x.instance];
  ages_.emplace(++last_age_, x.instance);
  row.size += x.seconds.size();
  size_ += x.seconds.size();
  row.chunks.push_back({last_age_, std::move(x.seconds)});
  if (row.size > limits::samples)
    trim(row, row.size - limits::samples);
  while (size_ > limits::samples_waiting)
    drop_oldest();
  assert(ages_.empty() == rows_.empty());
}

void sample_buffer::add(function_log x) {
  log_bytes_ += size_of(x);
  logs_.push_back(std::move(x));
  while (log_bytes_ > limits::function_logs) {
    take_log();
    ++omitted_;
  }
}

function_log sample_buffer::take_log() {
  assert(!logs_.empty());
  auto result = std::move(logs_.front());
  logs_.pop_front();
  assert(log_bytes_ >= size_of(result));
  log_bytes_ -= size_of(result);
  return result;
}

/// Drops the oldest `excess` samples of a row.
void sample_buffer::trim(row& x, std::size_t excess) {
  assert(excess <= x.size && x.size <= size_);
  omitted_ += excess;
  size_ -= excess;
  x.size -= excess;
  while (excess > 0) {
    auto& front = x.chunks.front();
    if (front.seconds.size() > excess) {
      front.seconds.erase(front.seconds.begin(),
                          front.seconds.begin()
                            + static_cast<std::ptrdiff_t>(excess));
      return;
    }
    excess -= front.seconds.size();
    ages_.erase(front.age);
    x.chunks.pop_front();
  }
}

void sample_buffer::drop_oldest() {
  auto i = rows_.find(ages_.begin()->second);
  trim(i->second, i->second.chunks.front().seconds.size());
  if (i->second.chunks.empty())
    rows_.erase(i);
}

const performance_samples& sample_buffer::drain(std::uint64_t acknowledged) {
  if (acknowledged != lot_.number)
    return lot_;
  auto number = lot_.number;
  lot_ = {};
  lot_.number = number;
  if (size_ == 0 && omitted_ == 0 && logs_.empty())
    return lot_;
  lot_.number = number + 1;
  lot_.omitted = std::exchange(omitted_, 0);
  fill(lot_);
  return lot_;
}

void sample_buffer::fill(performance_samples& lot) {
  auto left = limits::samples_per_report;
  while (!rows_.empty() && left > header) {
    auto i = rows_.upper_bound(cursor_);
    if (i == rows_.end())
      i = rows_.begin();
    cursor_ = i->first;
    left -= header + take(i, left - header, lot);
  }
  for (std::size_t bytes = 0;
       !logs_.empty() && bytes < limits::function_logs_per_report;) {
    lot.logs.push_back(take_log());
    bytes += size_of(lot.logs.back());
  }
}

/// Moves at most `most` of the oldest samples of a row to the lot.
std::size_t sample_buffer::take(rows::iterator from, std::size_t most,
                                performance_samples& lot) {
  auto& x = from->second;
  auto count = std::min(most, x.size);
  auto& seconds
    = lot.times.emplace_back(execution_times{from->first, {}}).seconds;
  seconds.reserve(count);
  while (seconds.size() < count) {
    auto& front = x.chunks.front().seconds;
    auto part = std::min(count - seconds.size(), front.size());
    auto end = front.begin() + static_cast<std::ptrdiff_t>(part);
    seconds.insert(seconds.end(), front.begin(), end);
    front.erase(front.begin(), end);
    if (front.empty()) {
      ages_.erase(x.chunks.front().age);
      x.chunks.pop_front();
    }
  }
  assert(count <= x.size && x.size <= size_);
  x.size -= count;
  size_ -= count;
  if (x.chunks.empty())
    rows_.erase(from);
  return count;
}

} // namespace edgeless
