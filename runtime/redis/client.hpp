// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// The interface to a Redis server. Tests implement it in memory.
namespace edgeless {

/// The name of a command and its arguments; any bytes.
using redis_command = std::vector<std::string>;

struct redis_reply {
  enum class kind : std::uint8_t { nothing, text, number, list, error };

  kind type = kind::nothing;
  std::string text; ///< of a text, a status or an error
  std::int64_t number = 0;
  std::vector<redis_reply> items;

  friend bool operator==(const redis_reply&, const redis_reply&) = default;
};

/// One database of one server. For one thread at a time.
class redis {
public:
  virtual ~redis() = default;

  /// Sends all commands in one pipeline and returns exactly one reply for each
  /// of them, in the same order; the error of a command is its reply. An error
  /// means that the server cannot be reached, does not answer in time, or
  /// violates the protocol: the connection is closed, it is unknown which
  /// commands were executed, and the next call opens a new connection. Returns
  /// within limits::redis plus `timeout`, which blocking commands need.
  virtual caf::expected<std::vector<redis_reply>>
  run(const std::vector<redis_command>& commands,
      std::chrono::milliseconds timeout = {})
    = 0;
};

/// Checks the URL (see parse_redis_url); connects at the first run().
caf::expected<std::unique_ptr<redis>> open_redis(const std::string& url);

/// As open_redis(), on behalf of a workflow: leaves the last file descriptors
/// to the process, see is_reserved().
caf::expected<std::unique_ptr<redis>>
open_workflow_redis(const std::string& url);

/// Opens a connection to the database at a URL.
using redis_connector
  = std::function<caf::expected<std::unique_ptr<redis>>(const std::string&)>;

/// Opens another connection to one database.
using redis_opener = std::function<caf::expected<std::unique_ptr<redis>>()>;

} // namespace edgeless
