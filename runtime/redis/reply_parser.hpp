// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

struct redisReader;

namespace edgeless {

/// Parses replies from a stream of bytes. The server may be hostile: the memory
/// for the replies is bounded, whatever lengths they announce.
class redis_reply_parser {
public:
  /// `budget` in bytes limits the input and, separately, the memory of the
  /// parsed replies.
  explicit redis_reply_parser(std::size_t budget);
  ~redis_reply_parser();

  redis_reply_parser(const redis_reply_parser&) = delete;

  /// Parses the next bytes. After an error, feed() must not be called again.
  caf::error feed(std::string_view bytes);

  /// The replies that are complete.
  std::vector<redis_reply> complete;

private:
  std::unique_ptr<redisReader, void (*)(redisReader*)> reader_;
  std::size_t budget_;
  std::size_t bytes_ = 0;
  std::size_t memory_ = 0;
};

/// Appends the wire form (RESP) of a command.
void append_command(std::string& bytes, const redis_command& command);

} // namespace edgeless
