// SPDX-License-Identifier: MIT
#include "runtime/dataset/dataset_files.hpp"

#include "runtime/base/log.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace edgeless {

namespace {

constexpr const char* component = "dataset";

/// The length of the file up to the end of its last whole line: the process may
/// have been killed while it wrote.
off_t end_of_last_line(int fd, off_t size) {
  char buffer[4096];
  while (size > 0) {
    auto from = std::max<off_t>(size - static_cast<off_t>(sizeof buffer), 0);
    auto n = ::pread(fd, buffer, static_cast<std::size_t>(size - from), from);
    if (n != size - from)
      return size;
    std::string_view text{buffer, static_cast<std::size_t>(n)};
    if (auto end = text.rfind('\n'); end != text.npos)
      return from + static_cast<off_t>(end) + 1;
    size = from;
  }
  return size;
}

off_t size_of(int fd) {
  struct stat status;
  return ::fstat(fd, &status) == 0 ? status.st_size : 0;
}

} // namespace

dataset_files::dataset_files(dataset_settings settings, observer on_lines)
  : settings_{std::move(settings)}, on_lines_{std::move(on_lines)} {
  for (std::size_t i = 0; i < count; ++i)
    open(i);
  thread_ = std::thread{[this] {
    run();
  }};
}

dataset_files::~dataset_files() {
  {
    std::lock_guard guard{mutex_};
    is_stopping_ = true;
  }
  is_due_.notify_one();
  thread_.join();
}

void dataset_files::open(std::size_t file) {
  auto& form = dataset_forms[file];
  std::filesystem::path path
    = settings_.dataset_path + std::string{form.name} + ".csv";
  std::error_code problem;
  if (path.has_parent_path())
    std::filesystem::create_directories(path.parent_path(), problem);
  auto mode = settings_.append ? 0 : O_TRUNC;
  file_descriptor fd{
    ::open(path.c_str(),
           O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | mode, 0644)};
  struct stat status;
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    log_error(component, "cannot write ", path.string(), ": ",
              fd ? "it is no regular file" : std::strerror(errno));
    return;
  }
  auto end = end_of_last_line(fd.get(), status.st_size);
  if (end != status.st_size && ::ftruncate(fd.get(), end) == 0)
    log_warn(component,
             "removed an incomplete last line: file=", path.string());
  files_[file] = std::move(fd);
  write(file, {});
}

void dataset_files::add(const dataset_row& row) {
  auto file = static_cast<std::size_t>(row.file);
  auto& fields = settings_.additional_fields;
  auto size = fields.size() + row.text.size() + 2;
  {
    std::lock_guard guard{mutex_};
    if (queued_bytes_ + size <= limits::dataset_bytes) {
      auto& x = queue_[file];
      x.text.append(fields).append(",").append(row.text).append("\n");
      ++x.count;
      queued_bytes_ += size;
      size = 0;
    }
  }
  if (size == 0)
    is_due_.notify_one();
  else
    on_lines_(0, 1);
}

void dataset_files::run() {
  for (;;) {
    batch due;
    {
      std::unique_lock guard{mutex_};
      is_due_.wait(guard, [this] { return queued_bytes_ > 0 || is_stopping_; });
      if (queued_bytes_ == 0)
        return;
      due = std::exchange(queue_, {});
      queued_bytes_ = 0;
    }
    for (std::size_t i = 0; i < count; ++i)
      if (due[i].count > 0)
        write(i, std::move(due[i].text)) ? on_lines_(due[i].count, 0)
                                         : on_lines_(0, due[i].count);
  }
}

/// Writes all of the lines, or none: a part that was written is removed again.
/// An empty file begins with the names of the columns.
bool dataset_files::write(std::size_t file, std::string text) {
  auto fd = files_[file].get();
  if (!files_[file])
    return false;
  auto before = size_of(fd);
  if (before == 0)
    text.insert(0, settings_.additional_header + ","
                     + std::string{dataset_forms[file].columns} + "\n");
  auto is_written = true;
  for (std::string_view left = text; !left.empty() && is_written;) {
    auto n = ::write(fd, left.data(), left.size());
    if (n > 0)
      left.remove_prefix(static_cast<std::size_t>(n));
    else
      is_written = n < 0 && errno == EINTR;
  }
  auto reason = errno;
  if (!is_written && ::ftruncate(fd, before) != 0)
    log_error(component, "cannot remove an incomplete line: file=",
              dataset_forms[file].name);
  if (is_failing_[file] != !is_written)
    is_written
      ? log_info(component, "writes again: file=", dataset_forms[file].name)
      : log_error(component,
                  "lines are dropped: file=", dataset_forms[file].name,
                  " reason=", std::strerror(reason));
  is_failing_[file] = !is_written;
  return is_written;
}

} // namespace edgeless
