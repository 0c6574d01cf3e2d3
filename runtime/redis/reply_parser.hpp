// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

struct redisReader;

namespace edgeless {

/// Reads replies from bytes as they come, however hostile: what they take in
/// memory is bounded, whatever lengths they announce.
class redis_replies {
public:
  /// `budget` in bytes, for the bytes and again for what is made of them.
  explicit redis_replies(std::size_t budget);
  ~redis_replies();

  redis_replies(const redis_replies&) = delete;

  /// An error says what is wrong with the bytes. Do not go on then.
  caf::error feed(std::string_view bytes);

  /// What is complete.
  std::vector<redis_reply> complete;

private:
  std::unique_ptr<redisReader, void (*)(redisReader*)> reader_;
  std::size_t budget_;
  std::size_t bytes_ = 0;
  std::size_t memory_ = 0;
};

/// The bytes of a command.
void append_command(std::string& bytes, const redis_command& command);

} // namespace edgeless
