// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// The door to Redis: behind it a connection, or in tests a memory.
namespace edgeless {

/// A command and its arguments; bytes.
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

  /// Sends all commands at once, and answers with a reply to each of them: what
  /// one of them complains of is in its reply. An error means that the server
  /// cannot be reached, hangs, or does not speak the protocol; the connection
  /// is gone then, nobody knows which commands were executed, and the next call
  /// opens another one. Returns within limits::redis, and as long as a blocking
  /// command asks for on top: `timeout`.
  virtual caf::expected<std::vector<redis_reply>>
  run(const std::vector<redis_command>& commands,
      std::chrono::milliseconds timeout = {})
    = 0;
};

/// Checks the URL (see parse_redis_url), and connects at the first command.
caf::expected<std::unique_ptr<redis>> open_redis(const std::string& url);

/// Opens a database by its URL.
using redis_finder
  = std::function<caf::expected<std::unique_ptr<redis>>(const std::string&)>;

/// Opens one more connection to the same database.
using redis_opener = std::function<caf::expected<std::unique_ptr<redis>>()>;

} // namespace edgeless
