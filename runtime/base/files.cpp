// SPDX-License-Identifier: MIT
#include "runtime/base/files.hpp"

#include "runtime/base/fd.hpp"

#include "messages/errors.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

caf::error system_error(const std::filesystem::path& file) {
  return fail(ec::system_failure, file.string() + ": " + std::strerror(errno));
}

/// Waits until read() would not block: a regular file is always readable, a
/// pipe may not be. False at the deadline.
bool wait_readable(const file_descriptor& from, clock::time_point until) {
  auto left
    = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
  pollfd polled{from.get(), POLLIN, 0};
  return ::poll(&polled, 1, static_cast<int>(std::max<long>(0, left.count())))
         != 0;
}

} // namespace

caf::expected<std::string> read_file(const std::filesystem::path& file,
                                     std::size_t max,
                                     std::chrono::milliseconds timeout) {
  auto until = clock::now() + timeout;
  // Without O_NONBLOCK, open() of a pipe blocks until it has a writer.
  file_descriptor from{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!from)
    return system_error(file);
  std::string result;
  for (;;) {
    if (!wait_readable(from, until))
      return fail(ec::exhausted, file.string() + ": does not end within "
                                   + std::to_string(timeout.count()) + " ms");
    char part[16384];
    auto count = ::read(from.get(), part, sizeof part);
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (count < 0)
      return system_error(file);
    if (count == 0)
      return result;
    if (result.size() + static_cast<std::size_t>(count) > max)
      return fail(ec::exhausted, file.string() + ": has more than "
                                   + std::to_string(max) + " bytes");
    result.append(part, static_cast<std::size_t>(count));
  }
}

namespace {

caf::error write_new(const std::filesystem::path& file,
                     std::string_view content, ::mode_t mode) {
  file_descriptor to{
    ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
  if (!to)
    return system_error(file);
  if (write_all(to, content))
    return {};
  auto problem = system_error(file);
  ::unlink(file.c_str()); // no half of a file is left
  return problem;
}

} // namespace

caf::error write_new_file(const std::filesystem::path& file,
                          std::string_view content) {
  return write_new(file, content, 0666);
}

caf::error write_secret_file(const std::filesystem::path& file,
                             std::string_view content) {
  return write_new(file, content, 0600);
}

std::filesystem::path default_folder(const char* variable, const char* in_home,
                                     const std::string& name) {
  std::filesystem::path base;
  if (auto folder = std::getenv(variable); folder && *folder == '/')
    base = folder;
  else if (auto home = std::getenv("HOME"); home && *home == '/')
    base = std::filesystem::path{home} / in_home;
  else
    return {};
  return base / "edgeless" / name;
}

} // namespace edgeless
