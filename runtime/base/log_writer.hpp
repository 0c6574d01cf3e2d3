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

/// Writes lines to stderr, each after the time at which it was said.
class log_writer {
public:
  /// What stands where lines are missing.
  using loss_note = std::function<std::string(std::uint64_t lines)>;

  /// Whoever speaks writes.
  log_writer();

  /// A thread of its own writes. When `max_lines` wait for it, the oldest one
  /// is lost.
  log_writer(std::size_t max_lines, loss_note note);

  log_writer(const log_writer&) = delete;
  log_writer& operator=(const log_writer&) = delete;
  ~log_writer();

  /// Any thread; waits only if it writes itself.
  void say(std::string_view line);

  /// Waits until what was said before is written or lost.
  void finish(std::chrono::milliseconds timeout);

  /// Lines so far.
  std::uint64_t lost() const;

private:
  struct machine;
  std::unique_ptr<machine> machine_;
};

} // namespace edgeless
