// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/backoff.hpp"
#include "runtime/metrics/resource_counters.hpp"
#include "runtime/sql/sql_connection.hpp"

#include "messages/connector_limits.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace edgeless {

/// The connections to one database, each with a thread, from its first
/// statement on. Statements of one source keep their order. Connects again,
/// with a back-off, as long as a statement waits for it.
class sql_pool {
public:
  struct job {
    sql_statement statement;
    sql_time deadline;
    /// It may be executed again after a lost connection.
    bool is_repeatable = false;
    /// Called once, by the thread of a connection.
    std::function<void(sql_outcome)> done;
  };

  sql_pool(std::shared_ptr<sql_driver> driver, sql_options options,
           resource_counters_ptr counters);

  /// Statements that wait fail, those under way are ended.
  ~sql_pool();

  sql_pool(const sql_pool&) = delete;
  sql_pool& operator=(const sql_pool&) = delete;

  /// False: too many wait, and nothing is done. Any thread.
  bool start(std::size_t source, job x);

private:
  struct lane {
    explicit lane(sql_pool& pool) : pool{pool} {
      // nop
    }

    void run();
    sql_outcome execute(const job& x);
    /// nullopt: connected.
    std::optional<sql_failure> connect(const job& x);
    void make_state_table(const job& x);
    void disconnect();

    sql_pool& pool;
    std::condition_variable changed;
    std::deque<job> jobs;
    std::thread thread;
    sql_connection_ptr connection;
    bool has_state_table = false;
    backoff pauses{limits::sql_pause_min, limits::sql_pause_max};
  };

  sql_bounds bounds_of(const job& x) const {
    return {x.deadline, limits::payload, &is_closing_};
  }

  std::shared_ptr<sql_driver> driver_;
  sql_options options_;
  resource_counters_ptr counters_;
  std::mutex mutex_;
  std::size_t waiting_ = 0;
  std::atomic<bool> is_closing_{false};
  std::array<std::unique_ptr<lane>, limits::sql_connections> lanes_;
};

} // namespace edgeless
