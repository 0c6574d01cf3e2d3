// SPDX-License-Identifier: MIT
#include "runtime/log.hpp"

#include "messages/limits.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

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

spdlog::logger& sink() {
  static auto logger = [] {
    auto result = std::make_unique<spdlog::logger>(
      "edgeless", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    result->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %v",
                        spdlog::pattern_time_type::utc);
    result->set_level(spdlog::level::trace);
    return result;
  }();
  return *logger;
}

std::string_view column(log_level level) {
  static constexpr std::string_view texts[]
    = {"OFF  ", "ERROR", "WARN ", "INFO ", "DEBUG", "TRACE"};
  return texts[static_cast<std::size_t>(level) % std::size(texts)];
}

} // namespace

void open_log(std::string_view program, const log_filter& filter) {
  setup() = {std::string{program}, filter};
  threshold = loudest(filter);
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
  std::string text{column(level)};
  text += ' ';
  text += setup().program;
  text += ' ';
  text += who;
  text += ": ";
  text += printable(line);
  sink().log(spdlog::level::info, spdlog::string_view_t{text});
}

} // namespace edgeless
