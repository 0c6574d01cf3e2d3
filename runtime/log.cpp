// SPDX-License-Identifier: MIT
#include "runtime/log.hpp"

#include "messages/limits.hpp"

#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <mutex>

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

// -- the writer ---------------------------------------------------------------

using line_queue = std::shared_ptr<spdlog::details::thread_pool>;

/// Stderr, and a word about lines that `queue` has lost before the one in hand.
/// Not by stdio: whoever ends the process would wait for its locks.
class stderr_sink : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit stderr_sink(line_queue queue)
    : base_sink(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc)),
      queue_(std::move(queue)) {
    // nop
  }

  /// Waits until `lines` of them are written or lost.
  void wait(std::uint64_t lines, std::chrono::steady_clock::time_point until) {
    std::unique_lock lock{count_mutex_};
    changed_.wait_until(lock, until, [&] {
      return written_ + (queue_ ? queue_->overrun_counter() : 0) >= lines;
    });
  }

protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    auto lost = queue_ ? queue_->overrun_counter() : 0;
    if (lost > told_) {
      auto text = text_of(log_level::warn, "log",
                          std::to_string(lost - told_)
                            + " lines are missing here: nobody read them");
      told_ = lost;
      write({line.time, {}, {}, line.level, text});
    }
    write(line);
    std::unique_lock lock{count_mutex_};
    ++written_;
    changed_.notify_all();
  }

  void flush_() override {
    // nop
  }

private:
  void write(const spdlog::details::log_msg& line) {
    spdlog::memory_buf_t text;
    formatter_->format(line, text);
    std::string_view rest{text.data(), text.size()};
    pollfd room{STDERR_FILENO, POLLOUT, 0};
    while (!rest.empty()) {
      auto n = ::write(STDERR_FILENO, rest.data(), rest.size());
      if (n >= 0)
        rest.remove_prefix(static_cast<std::size_t>(n));
      else if (errno == EAGAIN) // others share it, and want it so
        ::poll(&room, 1, -1);
      else if (errno != EINTR)
        return; // there is nobody left to tell
    }
  }

  line_queue queue_;
  std::size_t told_ = 0;
  std::mutex count_mutex_; // the other one is held while a line is written
  std::condition_variable changed_;
  std::uint64_t written_ = 0;
};

/// By a thread of its own once the log is open: a terminal that is held, or a
/// pipe that nobody reads, must not stop who has something to say.
struct log_writer {
  explicit log_writer(line_queue lines)
    : queue{std::move(lines)}, sink{std::make_shared<stderr_sink>(queue)},
      logger{queue ? std::make_shared<spdlog::async_logger>(
               "edgeless", sink, queue,
               spdlog::async_overflow_policy::overrun_oldest)
                   : std::make_shared<spdlog::logger>("edgeless", sink)} {
    // nop
  }

  line_queue queue;
  std::shared_ptr<stderr_sink> sink;
  std::shared_ptr<spdlog::logger> logger;
  std::atomic<std::uint64_t> said{0};
};

/// Never destroyed: threads that are left behind may speak until the end.
log_writer*& writer() {
  static auto result = new log_writer{nullptr};
  return result;
}

} // namespace

void open_log(std::string_view program, const log_filter& filter) {
  setup() = {std::string{program}, filter};
  threshold = loudest(filter);
  if (writer()->queue)
    return;
  // Signals are for those who wait for them.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  writer() = new log_writer{
    std::make_shared<spdlog::details::thread_pool>(limits::own_log_lines, 1)};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  std::atexit(finish_log);
}

void finish_log() {
  auto& x = *writer();
  x.sink->wait(x.said, std::chrono::steady_clock::now() + limits::last_lines);
}

std::uint64_t log_lines_lost() {
  auto& queue = writer()->queue;
  return queue ? queue->overrun_counter() : 0;
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
  auto text = text_of(level, who, line);
  auto& x = *writer();
  ++x.said;
  x.logger->log(spdlog::level::info, spdlog::string_view_t{text});
}

} // namespace edgeless
