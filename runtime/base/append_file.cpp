// SPDX-License-Identifier: MIT
#include "runtime/base/append_file.hpp"

#include "messages/errors.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace edgeless {

namespace {

/// Whether a file that can be read ends within a line.
bool ends_within_line(const file_descriptor& file) {
  struct stat status {};
  char last = '\n';
  return ::fstat(file.get(), &status) == 0 && status.st_size > 0
         && ::pread(file.get(), &last, 1, status.st_size - 1) == 1
         && last != '\n';
}

} // namespace

append_file::append_file(confined_folder_ptr folder, std::string name,
                         file_descriptor file)
  : folder_{std::move(folder)}, name_{std::move(name)}, file_{std::move(file)},
    is_torn_{ends_within_line(file_)} {
  // nop
}

caf::expected<append_file> append_file::open(confined_folder_ptr folder,
                                             std::string name) {
  assert(folder);
  auto file = folder->open_to_append(name);
  if (!file)
    return file.error();
  if (is_reserved(file->get()))
    return fail(ec::exhausted, "cannot open " + name + ": " + why_reserved);
  return append_file{std::move(folder), std::move(name), std::move(*file)};
}

caf::error append_file::reopen_if_moved() {
  if (folder_->leads_to(name_, file_))
    return caf::none;
  auto file = folder_->open_to_append(name_);
  if (!file)
    return file.error();
  // Under its former number: the new one may be reserved.
  if (::dup3(file->get(), file_.get(), O_CLOEXEC) < 0)
    return fail(ec::system_failure,
                "cannot open " + name_ + ": " + std::strerror(errno));
  is_torn_ = ends_within_line(file_);
  return caf::none;
}

append_file::result append_file::append(std::span<const std::string> records) {
  if (auto problem = reopen_if_moved())
    return {0, problem};
  std::string text = is_torn_ ? "\n" : "";
  for (auto& x : records)
    text += x;
  std::size_t done = 0;
  while (done < text.size()) {
    auto n = ::write(file_.get(), text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    done += static_cast<std::size_t>(n);
  }
  if (done == text.size()) {
    is_torn_ = false;
    return {records.size(), caf::none};
  }
  auto problem = fail(ec::system_failure,
                      "cannot write to " + name_ + ": " + std::strerror(errno));
  result whole{0, std::move(problem)};
  std::size_t kept = 0;
  if (done > 0 && is_torn_)
    kept = 1;
  for (auto& x : records) {
    if (kept + x.size() > done)
      break;
    kept += x.size();
    ++whole.written;
  }
  if (done > 0)
    is_torn_ = false;
  take_back(std::string_view{text}.substr(kept, done - kept));
  return whole;
}

/// Removes these bytes, which this writer has written last, unless another
/// writer has appended since: then the next record begins on a line of its own.
void append_file::take_back(std::string_view bytes) {
  if (bytes.empty())
    return;
  struct stat status {};
  std::string last(bytes.size(), '\0');
  auto size = static_cast<off_t>(bytes.size());
  auto is_last
    = ::fstat(file_.get(), &status) == 0 && status.st_size >= size
      && ::pread(file_.get(), last.data(), last.size(), status.st_size - size)
           == size
      && last == bytes;
  if (!is_last || ::ftruncate(file_.get(), status.st_size - size) != 0)
    is_torn_ = true;
}

std::string rfc3339(std::chrono::system_clock::time_point when) {
  using namespace std::chrono;
  auto micros = duration_cast<microseconds>(when.time_since_epoch()).count();
  std::time_t seconds = micros / 1'000'000;
  std::tm parts;
  ::gmtime_r(&seconds, &parts);
  char text[64];
  auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%06d+00:00",
                static_cast<int>(micros % 1'000'000));
  return text;
}

} // namespace edgeless
