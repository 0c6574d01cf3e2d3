// SPDX-License-Identifier: MIT
#include "runtime/base/log.hpp"

#include "runtime/base/log_writer.hpp"

#include "messages/limits.hpp"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace edgeless {

namespace {

/// The most verbose level of any target: lines beyond it are refused by one
/// atomic load, without a look-up in the filter.
std::atomic<log_level> threshold{log_level::info};

struct log_setup {
  std::string program = "edgeless";
  log_filter filter;
};

/// Written by open_log() only, before other threads start.
log_setup& setup() {
  static log_setup result;
  return result;
}

std::string_view level_column(log_level level) {
  static constexpr std::string_view texts[]
    = {"OFF  ", "ERROR", "WARN ", "INFO ", "DEBUG", "TRACE"};
  return texts[static_cast<std::size_t>(level) % std::size(texts)];
}

std::string text_of(log_level level, std::string_view component,
                    std::string_view line) {
  std::string result{level_column(level)};
  result += ' ';
  result += setup().program;
  result += ' ';
  result += component;
  result += ": ";
  result += printable(line);
  return result;
}

std::string lost_lines_note(std::uint64_t lines) {
  return text_of(log_level::warn, "log",
                 std::to_string(lines)
                   + " lines are missing here: stderr was not read");
}

/// Never destroyed: detached threads may log until the process ends.
log_writer*& writer() {
  static auto result = new log_writer;
  return result;
}

} // namespace

void open_log(std::string_view program, const log_filter& filter) {
  setup() = {std::string{program}, filter};
  threshold = most_verbose(filter);
  static std::once_flag opened;
  std::call_once(opened, [] {
    delete std::exchange(
      writer(), new log_writer{limits::own_log_lines, lost_lines_note});
    std::atexit(finish_log);
  });
}

void finish_log() {
  writer()->finish(limits::last_lines);
}

std::uint64_t log_lines_lost() {
  return writer()->lost();
}

bool enabled(log_level level, std::string_view component) {
  if (level > threshold.load(std::memory_order_relaxed))
    return false;
  auto& [program, filter] = setup();
  return level <= level_for(filter, program, component);
}

std::string printable(std::string_view line) {
  auto cut = line.size() > limits::text;
  line = line.substr(0, limits::text);
  std::string result;
  result.reserve(line.size());
  for (auto x : line) {
    auto code = static_cast<unsigned char>(x);
    if (code >= 0x20 && code != 0x7f) {
      result += x;
    } else if (x == '\n') {
      result += "\\n";
    } else {
      static constexpr char digits[] = "0123456789abcdef";
      result += {'\\', 'x', digits[code >> 4], digits[code & 15]};
    }
  }
  return cut ? result + "..." : result;
}

void write_log(log_level level, std::string_view component,
               std::string_view line) {
  writer()->write(text_of(level, component, line));
}

} // namespace edgeless
