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

/// Levels of lines that nobody wants are refused here, before the filter is
/// looked at.
std::atomic<log_level> threshold{log_level::info};

struct log_setup {
  std::string program = "edgeless";
  log_filter filter;
};

/// Written by open_log() only, while there is one thread.
log_setup& setup() {
  static log_setup result;
  return result;
}

std::string_view column(log_level level) {
  static constexpr std::string_view texts[]
    = {"OFF  ", "ERROR", "WARN ", "INFO ", "DEBUG", "TRACE"};
  return texts[static_cast<std::size_t>(level) % std::size(texts)];
}

std::string text_of(log_level level, std::string_view who,
                    std::string_view line) {
  std::string result{column(level)};
  result += ' ';
  result += setup().program;
  result += ' ';
  result += who;
  result += ": ";
  result += printable(line);
  return result;
}

std::string missing(std::uint64_t lines) {
  return text_of(log_level::warn, "log",
                 std::to_string(lines)
                   + " lines are missing here: nobody read them");
}

/// Never destroyed: threads that are left behind may speak until the end.
log_writer*& writer() {
  static auto result = new log_writer;
  return result;
}

} // namespace

void open_log(std::string_view program, const log_filter& filter) {
  setup() = {std::string{program}, filter};
  threshold = loudest(filter);
  static std::once_flag opened;
  std::call_once(opened, [] {
    delete std::exchange(writer(),
                         new log_writer{limits::program_log_lines, missing});
    std::atexit(finish_log);
  });
}

void finish_log() {
  writer()->finish(limits::last_lines);
}

std::uint64_t log_lines_lost() {
  return writer()->lost();
}

bool enabled(log_level level, std::string_view who) {
  if (level > threshold.load(std::memory_order_relaxed))
    return false;
  auto& [program, filter] = setup();
  return level <= level_for(filter, program, who);
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

void write_log(log_level level, std::string_view who, std::string_view line) {
  writer()->say(text_of(level, who, line));
}

} // namespace edgeless
