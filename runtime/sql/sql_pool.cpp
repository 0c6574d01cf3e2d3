// SPDX-License-Identifier: MIT
#include "runtime/sql/sql_pool.hpp"

#include <cassert>
#include <optional>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

/// The table of EDGELESS, which functions expect to be there.
const sql_statement state_table{
  "CREATE TABLE IF NOT EXISTS WorkflowState (id VARCHAR(255) PRIMARY KEY, "
  "metadata JSONB NOT NULL)",
  {}};

sql_failure late(std::string why) {
  return {sql_failure::kind::late, std::move(why)};
}

} // namespace

sql_pool::sql_pool(std::shared_ptr<sql_driver> driver, sql_options options,
                   resource_counters_ptr counters)
  : driver_{std::move(driver)}, options_{std::move(options)}, counters_{
                                                                std::move(
                                                                  counters)} {
  for (auto& x : lanes_)
    x = std::make_unique<lane>(*this);
}

sql_pool::~sql_pool() {
  {
    std::lock_guard guard{mutex_};
    is_closing_ = true;
  }
  for (auto& x : lanes_)
    x->changed.notify_one();
  for (auto& x : lanes_)
    if (x->thread.joinable())
      x->thread.join();
}

bool sql_pool::start(std::size_t source, job x) {
  auto& to = *lanes_[source % lanes_.size()];
  std::lock_guard guard{mutex_};
  if (waiting_ >= limits::sql_waiting)
    return false;
  ++waiting_;
  to.jobs.push_back(std::move(x));
  if (!to.thread.joinable())
    to.thread = std::thread{[&to] {
      to.run();
    }};
  to.changed.notify_one();
  return true;
}

void sql_pool::lane::run() {
  std::unique_lock lock{pool.mutex_};
  for (;;) {
    auto has_work = [this] {
      return !jobs.empty() || pool.is_closing_;
    };
    if (!connection)
      changed.wait(lock, has_work);
    else if (!changed.wait_for(lock, limits::sql_idle, has_work)) {
      lock.unlock();
      disconnect();
      lock.lock();
      continue;
    }
    if (jobs.empty())
      break;
    auto next = std::move(jobs.front());
    jobs.pop_front();
    lock.unlock();
    auto result = execute(next);
    next.done(std::move(result));
    lock.lock();
    assert(pool.waiting_ > 0);
    --pool.waiting_;
  }
  lock.unlock();
  disconnect();
}

sql_outcome sql_pool::lane::execute(const job& x) {
  for (;;) {
    if (pool.is_closing_)
      return late("the resource stops");
    if (clock::now() >= x.deadline)
      return late("the database was not free in time");
    if (auto failure = connect(x))
      return *failure;
    make_state_table(x);
    auto result = connection->execute(x.statement, pool.bounds_of(x));
    auto* failure = std::get_if<sql_failure>(&result);
    if (failure == nullptr || failure->what == sql_failure::kind::refused)
      return result;
    disconnect();
    if (failure->what == sql_failure::kind::late || !x.is_repeatable)
      return result;
  }
}

std::optional<sql_failure> sql_pool::lane::connect(const job& x) {
  while (!connection) {
    auto bounds = pool.bounds_of(x);
    bounds.deadline
      = std::min(bounds.deadline, clock::now() + limits::sql_connect);
    auto made = pool.driver_->connect(pool.options_, bounds);
    if (auto* ready = std::get_if<sql_connection_ptr>(&made)) {
      connection = std::move(*ready);
      ++pool.counters_->sql_connections;
      pauses.reset();
      break;
    }
    ++pool.counters_->sql_connect_failures;
    auto failure = std::move(std::get<sql_failure>(made));
    auto again = clock::now() + pauses.fail();
    if (failure.what == sql_failure::kind::refused || again >= x.deadline)
      return late("no connection to the database: " + failure.reason);
    std::unique_lock lock{pool.mutex_};
    changed.wait_until(lock, again, [this] { return bool{pool.is_closing_}; });
    if (pool.is_closing_)
      return late("the resource stops");
  }
  return std::nullopt;
}

/// A refusal shows with the statement that needs the table.
void sql_pool::lane::make_state_table(const job& x) {
  if (has_state_table
      || x.statement.text.find("WorkflowState") == std::string::npos)
    return;
  connection->execute(state_table, pool.bounds_of(x));
  has_state_table = true;
}

void sql_pool::lane::disconnect() {
  has_state_table = false;
  if (!connection)
    return;
  connection.reset();
  --pool.counters_->sql_connections;
}

} // namespace edgeless
