// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// What a database is asked, and what it answers. Drivers are compiled without
/// CAF, so that this file has none of its types.
namespace edgeless {

/// A text in JSON, and bytes: the other types of values have one of their own.
struct sql_json {
  std::string text;
  friend bool operator==(const sql_json&, const sql_json&) = default;
};
struct sql_bytes {
  std::string bytes;
  friend bool operator==(const sql_bytes&, const sql_bytes&) = default;
};

using sql_value = std::variant<std::monostate, bool, std::int64_t, double,
                               std::string, sql_json, sql_bytes>;

struct sql_statement {
  std::string text;
  /// Of $1, $2, ...; the statement need not use all of them.
  std::vector<sql_value> parameters;
};

struct sql_result {
  /// Empty: the statement has no rows.
  std::vector<std::string> columns;
  std::vector<std::vector<sql_value>> rows;
  std::uint64_t affected = 0;
  std::int64_t last_row = 0; ///< of SQLite
};

struct sql_failure {
  enum class kind : std::uint8_t {
    refused, ///< by the database; the connection can be used further
    lost,    ///< the connection
    late,    ///< no answer until the deadline
  };
  kind what = kind::refused;
  std::string reason;
};

using sql_outcome = std::variant<sql_result, sql_failure>;
using sql_time = std::chrono::steady_clock::time_point;

/// How long the client waits, and the most bytes of a result that it takes.
struct sql_bounds {
  sql_time deadline;
  std::size_t bytes = 0;
  /// Becomes true when an answer is not wanted anymore.
  const std::atomic<bool>* is_stopped = nullptr;

  bool is_over() const {
    return std::chrono::steady_clock::now() >= deadline
           || (is_stopped != nullptr && *is_stopped);
  }
};

/// A connection to a database; one thread at a time. It prepares each statement
/// once, and binds its parameters.
class sql_connection {
public:
  virtual ~sql_connection() = default;

  virtual sql_outcome execute(const sql_statement& x, const sql_bounds& bounds)
    = 0;
};

using sql_connection_ptr = std::unique_ptr<sql_connection>;

struct sql_options {
  std::string url;
  /// The database itself ends a statement that takes longer.
  std::chrono::milliseconds statement_time{};
  /// Statements that a connection keeps prepared.
  std::size_t prepared = 0;
};

/// Connects to the databases of one kind. Any thread.
class sql_driver {
public:
  virtual ~sql_driver() = default;

  /// What is wrong with the URL; empty: nothing.
  virtual std::string fault_of(const std::string& url) = 0;

  virtual std::variant<sql_connection_ptr, sql_failure>
  connect(const sql_options& options, const sql_bounds& bounds) = 0;
};

/// The number of the parameter that "$7" names; 0: it is no such name.
std::size_t sql_parameter_number(std::string_view name);

} // namespace edgeless
