// SPDX-License-Identifier: MIT
#include "runtime/files.hpp"

#include "messages/errors.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

/// Closes itself.
struct descriptor {
  explicit descriptor(int x) : value(x) {
    // nop
  }

  descriptor(const descriptor&) = delete;

  ~descriptor() {
    if (value >= 0)
      ::close(value);
  }

  int value;
};

caf::error system_error(const std::filesystem::path& file) {
  return fail(ec::system_failure, file.string() + ": " + std::strerror(errno));
}

/// A regular file always has something to say; a pipe may not.
bool has_bytes(const descriptor& from, clock::time_point until) {
  auto left
    = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
  pollfd wanted{from.value, POLLIN, 0};
  return ::poll(&wanted, 1, static_cast<int>(std::max<long>(0, left.count())))
         != 0;
}

} // namespace

caf::expected<std::string> read_file(const std::filesystem::path& file,
                                     std::size_t max,
                                     std::chrono::milliseconds patience) {
  auto until = clock::now() + patience;
  // Else a pipe would be opened only when somebody writes to it.
  descriptor from{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (from.value < 0)
    return system_error(file);
  std::string result;
  for (;;) {
    if (!has_bytes(from, until))
      return fail(ec::exhausted, file.string() + ": does not end within "
                                   + std::to_string(patience.count()) + " ms");
    char part[16384];
    auto count = ::read(from.value, part, sizeof part);
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
  descriptor to{
    ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
  if (to.value < 0)
    return system_error(file);
  while (!content.empty()) {
    auto count = ::write(to.value, content.data(), content.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return system_error(file);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
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

} // namespace edgeless
