// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/refusal.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace edgeless {

/// Counts what happens to the connections of a wire, and tells the operator
/// at most once a second. Used by several threads.
class connection_journal {
public:
  using sink = std::function<void(const std::string& line)>;

  connection_journal(std::shared_ptr<transport_statistics> statistics,
                     sink log);

  /// The connection from or to `address` is cut for this reason; `why`: more
  /// of it, for people.
  void refuse(refusal reason, const std::string& address,
              const std::string& why = "");

  transport_statistics& statistics() {
    return *statistics_;
  }

private:
  using clock = std::chrono::steady_clock;

  std::shared_ptr<transport_statistics> statistics_;
  sink log_;
  std::mutex mutex_;
  clock::time_point quiet_until_;
  std::uint64_t untold_ = 0;
};

/// How many connections there are, in all and per address.
class connection_limiter {
public:
  connection_limiter(std::size_t max, std::size_t max_per_address,
                     std::shared_ptr<transport_statistics> statistics);

  bool enter(const std::string& address);
  void leave(const std::string& address);

private:
  std::size_t max_;
  std::size_t max_per_address_;
  std::shared_ptr<transport_statistics> statistics_;
  std::mutex mutex_;
  std::size_t total_ = 0;
  std::map<std::string, std::size_t> per_address_;
};

/// A place in the book, given back when the connection is destroyed.
class connection_slot {
public:
  connection_slot() = default;

  /// False if there is no place left.
  bool take(std::shared_ptr<connection_limiter> book, std::string address);

  connection_slot(connection_slot&&) noexcept = default;

  connection_slot& operator=(connection_slot&& other) noexcept {
    std::swap(book_, other.book_);
    std::swap(address_, other.address_);
    return *this;
  }

  ~connection_slot();

private:
  std::shared_ptr<connection_limiter> book_;
  std::string address_;
};

} // namespace edgeless
