// SPDX-License-Identifier: MIT
#include "runtime/base/log.hpp"

#include "runtime/base/secrets.hpp"

#include "messages/limits.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <iterator>
#include <mutex>

namespace edgeless {

namespace {

using log_queue = std::shared_ptr<spdlog::details::thread_pool>;

std::string format_line(log_level level, std::string_view component,
                        std::string_view text);

/// Writes to stderr, and reports the lines that the queue has dropped where
/// they are missing. Not by stdio: exit() would wait for its locks while the
/// reader of stderr is slow.
class stderr_sink : public spdlog::sinks::base_sink<std::mutex> {
public:
  /// `queue` is nullptr in a synchronous logger.
  explicit stderr_sink(log_queue queue)
    : base_sink(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc)),
      queue_(std::move(queue)) {
    // nop
  }

  /// Lines that were not written.
  std::uint64_t lost() const {
    return dropped() + failed_;
  }

  /// Waits until `format` lines are written or dropped.
  void wait(std::uint64_t lines, std::chrono::milliseconds timeout) {
    std::unique_lock lock{written_mutex_};
    changed_.wait_for(lock, timeout,
                      [&] { return written_ + dropped() >= lines; });
  }

protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    report(line, dropped(), reported_dropped_, "stderr was not read");
    report(line, failed_, reported_failed_, "stderr could not be written");
    if (!write(line))
      ++failed_;
    std::lock_guard guard{written_mutex_};
    ++written_;
    changed_.notify_all();
  }

  void flush_() override {
    // nop
  }

private:
  /// Lines that were dropped from the queue.
  std::uint64_t dropped() const {
    return queue_ ? queue_->overrun_counter() : 0;
  }

  void report(const spdlog::details::log_msg& line, std::uint64_t lost,
              std::uint64_t& reported, const char* reason) {
    assert(lost >= reported);
    if (lost == reported)
      return;
    auto note = format_line(log_level::warn, "log",
                            std::to_string(lost - reported)
                              + " lines are missing here: " + reason);
    if (write({line.time, {}, {}, line.level, note}))
      reported = lost;
  }

  /// False if the disk is full or stderr is closed. The part of a line that was
  /// written before is ended with the next one.
  bool write(const spdlog::details::log_msg& line) {
    spdlog::memory_buf_t text;
    if (is_torn_)
      text.push_back('\n');
    formatter_->format(line, text);
    std::string_view rest{text.data(), text.size()};
    pollfd writable{STDERR_FILENO, POLLOUT, 0};
    while (!rest.empty()) {
      auto n = ::write(STDERR_FILENO, rest.data(), rest.size());
      if (n >= 0)
        rest.remove_prefix(static_cast<std::size_t>(n));
      else if (errno == EAGAIN) // another process has set O_NONBLOCK
        ::poll(&writable, 1, -1);
      else if (errno != EINTR)
        break;
    }
    if (rest.size() < text.size())
      is_torn_ = !rest.empty();
    return rest.empty();
  }

  log_queue queue_;
  /// Lines that could not be written.
  std::atomic<std::uint64_t> failed_{0};
  // Lines that a note has reported.
  std::uint64_t reported_dropped_ = 0;
  std::uint64_t reported_failed_ = 0;
  bool is_torn_ = false;
  std::mutex written_mutex_; // base_sink's mutex is held during a write
  std::condition_variable changed_;
  std::uint64_t written_ = 0; ///< lines
};

/// The logger of this process: synchronous until start().
struct process_log {
  std::string program = "edgeless";
  log_filter filter;
  /// The most verbose level of any target: lines beyond it are refused by one
  /// atomic load, without a look-up in the filter.
  std::atomic<log_level> threshold{log_level::info};
  std::atomic<std::uint64_t> logged{0}; ///< lines
  std::shared_ptr<stderr_sink> sink = std::make_shared<stderr_sink>(nullptr);
  std::shared_ptr<spdlog::logger> logger
    = std::make_shared<spdlog::logger>("edgeless", sink);

  void start() {
    // The main thread waits for signals: the logger's thread must not get any.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    auto queue = std::make_shared<spdlog::details::thread_pool>(
      limits::program_log_lines, 1);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    sink = std::make_shared<stderr_sink>(queue);
    logger = std::make_shared<spdlog::async_logger>(
      "edgeless", sink, queue, spdlog::async_overflow_policy::overrun_oldest);
    logged = 0;
  }
};

/// Never destroyed: detached threads may log until the process ends.
process_log& own_log() {
  static auto result = new process_log;
  return *result;
}

std::string format_line(log_level level, std::string_view component,
                        std::string_view text) {
  static constexpr const char* names[]
    = {"OFF", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"};
  auto index = static_cast<std::size_t>(level);
  assert(index < std::size(names));
  return fmt::format("{:5} {} {}: {}", names[index], own_log().program,
                     component, printable(masked_urls(text)));
}

} // namespace

void open_log(std::string_view program, const log_filter& filter) {
  auto& log = own_log();
  log.program = program;
  log.filter = filter;
  log.threshold = most_verbose(filter);
  static std::once_flag opened;
  std::call_once(opened, [&] {
    log.start();
    std::atexit(finish_log);
  });
}

void finish_log() {
  own_log().sink->wait(own_log().logged, limits::last_lines);
}

std::uint64_t log_lines_lost() {
  return own_log().sink->lost();
}

bool enabled(log_level level, std::string_view component) {
  auto& log = own_log();
  return level <= log.threshold.load(std::memory_order_relaxed)
         && level <= level_for(log.filter, log.program, component);
}

std::string printable(std::string_view text) {
  std::string result;
  for (auto x : text.substr(0, limits::text)) {
    auto code = static_cast<unsigned char>(x);
    if (code >= 0x20 && code != 0x7f)
      result += x;
    else if (x == '\n')
      result += "\\n";
    else
      fmt::format_to(std::back_inserter(result), "\\x{:02x}", code);
  }
  return text.size() > limits::text ? result + "..." : result;
}

void write_log(log_level level, std::string_view component,
               std::string_view line) {
  auto& log = own_log();
  ++log.logged;
  log.logger->log(spdlog::level::info, format_line(level, component, line));
}

} // namespace edgeless
