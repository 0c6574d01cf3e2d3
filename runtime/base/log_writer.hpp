// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace edgeless {

/// Writes lines to stderr, each after the time at which it was logged.
class log_writer {
public:
  /// Formats the line that reports a gap of `lines` dropped lines.
  using loss_note = std::function<std::string(std::uint64_t lines)>;

  /// Synchronous: the calling thread writes.
  log_writer();

  /// Asynchronous: a background thread writes. When `max_lines` are queued, the
  /// oldest line is dropped.
  log_writer(std::size_t max_lines, loss_note note);

  log_writer(const log_writer&) = delete;
  log_writer& operator=(const log_writer&) = delete;
  ~log_writer();

  /// Any thread. Blocks only in a synchronous writer.
  void write(std::string_view line);

  /// Waits until all lines logged before are written or dropped.
  void finish(std::chrono::milliseconds timeout);

  /// Lines dropped so far.
  std::uint64_t lost() const;

private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace edgeless
