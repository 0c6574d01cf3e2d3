// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/log_throttle.hpp"
#include "runtime/net/basp/refusal.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace edgeless {

/// Counts refused connections and messages, and logs one of them per reason,
/// host and limits::log_pause. Thread-safe.
class connection_journal {
public:
  using sink = std::function<void(const std::string& line)>;

  connection_journal(std::shared_ptr<transport_statistics> statistics,
                     sink log);

  /// The connection from or to `address` is closed for this reason; `detail`
  /// explains it further and may be empty.
  void refuse(refusal reason, const std::string& address,
              const std::string& detail = "");

  /// A message to `address` is not sent for this reason.
  void not_sent(const std::string& address, const std::string& reason);

  transport_statistics& statistics() {
    return *statistics_;
  }

private:
  void log(const std::string& reason, const std::string& address,
           const std::string& line);

  std::shared_ptr<transport_statistics> statistics_;
  sink log_;
  std::mutex mutex_;
  log_throttle throttle_;
};

/// Limits the number of connections, in total and per address. Thread-safe.
class connection_limiter {
public:
  connection_limiter(std::size_t max, std::size_t max_per_address,
                     std::shared_ptr<transport_statistics> statistics);

  /// False if a limit is reached. Each success needs a leave().
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

/// One connection's slot in the limiter, returned when it is destroyed.
class connection_slot {
public:
  connection_slot() = default;

  /// False if a limit is reached.
  bool take(std::shared_ptr<connection_limiter> limiter, std::string address);

  connection_slot(connection_slot&&) noexcept = default;

  connection_slot& operator=(connection_slot&& other) noexcept {
    std::swap(limiter_, other.limiter_);
    std::swap(address_, other.address_);
    return *this;
  }

  ~connection_slot();

private:
  std::shared_ptr<connection_limiter> limiter_;
  std::string address_;
};

} // namespace edgeless
