// SPDX-License-Identifier: MIT
#include "runtime/base/log_writer.hpp"

#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <utility>

namespace edgeless {

namespace {

using line_queue = std::shared_ptr<spdlog::details::thread_pool>;

std::uint64_t lost_by(const line_queue& queue) {
  return queue ? queue->overrun_counter() : 0;
}

/// A queue and its thread, which has all signals blocked: the main thread waits
/// for them.
line_queue make_queue(std::size_t max_lines) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  auto result = std::make_shared<spdlog::details::thread_pool>(max_lines, 1);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return result;
}

/// Writes to stderr, and a note where `queue` has dropped lines before the
/// current one. Not by stdio: exit() would wait for its locks.
class stderr_sink : public spdlog::sinks::base_sink<std::mutex> {
public:
  stderr_sink(line_queue queue, log_writer::loss_note note)
    : base_sink(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc)),
      queue_(std::move(queue)), note_(std::move(note)) {
    // nop
  }

  /// Waits until `lines` lines are written or dropped.
  void wait(std::uint64_t lines, std::chrono::milliseconds timeout) {
    std::unique_lock lock{count_mutex_};
    changed_.wait_for(lock, timeout,
                      [&] { return written_ + lost_by(queue_) >= lines; });
  }

protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    if (auto lost = lost_by(queue_); lost > reported_) {
      auto text = note_(lost - std::exchange(reported_, lost));
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
    pollfd writable{STDERR_FILENO, POLLOUT, 0};
    while (!rest.empty()) {
      auto n = ::write(STDERR_FILENO, rest.data(), rest.size());
      if (n >= 0)
        rest.remove_prefix(static_cast<std::size_t>(n));
      else if (errno
               == EAGAIN) // stderr is shared with processes that set O_NONBLOCK
        ::poll(&writable, 1, -1);
      else if (errno != EINTR)
        return; // stderr is closed
    }
  }

  line_queue queue_;
  log_writer::loss_note note_;
  std::uint64_t reported_ = 0; ///< dropped lines that a note has reported
  std::mutex count_mutex_; // base_sink's mutex is held while a line is written
  std::condition_variable changed_;
  std::uint64_t written_ = 0;
};

} // namespace

struct log_writer::implementation {
  implementation(line_queue lines, loss_note note)
    : queue{std::move(lines)}, sink{std::make_shared<stderr_sink>(
                                 queue, std::move(note))} {
    if (queue)
      logger = std::make_shared<spdlog::async_logger>(
        "edgeless", sink, queue, spdlog::async_overflow_policy::overrun_oldest);
    else
      logger = std::make_shared<spdlog::logger>("edgeless", sink);
  }

  line_queue queue; ///< nullptr in a synchronous writer
  std::shared_ptr<stderr_sink> sink;
  std::shared_ptr<spdlog::logger> logger;
  std::atomic<std::uint64_t> logged{0};
};

log_writer::log_writer()
  : implementation_{std::make_unique<implementation>(nullptr, nullptr)} {
  // nop
}

log_writer::log_writer(std::size_t max_lines, loss_note note)
  : implementation_{
    std::make_unique<implementation>(make_queue(max_lines), std::move(note))} {
  // nop
}

log_writer::~log_writer() = default;

void log_writer::write(std::string_view line) {
  ++implementation_->logged;
  implementation_->logger->log(spdlog::level::info,
                               spdlog::string_view_t{line});
}

void log_writer::finish(std::chrono::milliseconds timeout) {
  implementation_->sink->wait(implementation_->logged, timeout);
}

std::uint64_t log_writer::lost() const {
  return lost_by(implementation_->queue);
}

} // namespace edgeless
