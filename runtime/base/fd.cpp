// SPDX-License-Identifier: MIT
#include "runtime/base/fd.hpp"

#include "messages/limits.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

namespace edgeless {

void file_descriptor::close() noexcept {
  if (number_ >= 0)
    ::close(std::exchange(number_, -1));
}

bool is_reserved(int number) {
  assert(number >= 0);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return false;
  auto kept = std::min<rlim_t>(
    limit.rlim_cur / 4, static_cast<rlim_t>(limits::reserved_descriptors));
  return static_cast<rlim_t>(number) >= limit.rlim_cur - kept;
}

file_descriptor open_to_read(const std::string& path) {
  return file_descriptor{
    ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
}

file_descriptor open_to_write(const std::string& path) {
  return file_descriptor{::open(
    path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)};
}

std::optional<std::string> read_all(const file_descriptor& file,
                                    std::size_t limit) {
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)
      || status.st_size < 0 || static_cast<std::size_t>(status.st_size) > limit)
    return std::nullopt;
  std::string result(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t at = 0;
  while (at < result.size()) {
    auto n = pread(file.get(), result.data() + at, result.size() - at,
                   static_cast<off_t>(at));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return std::nullopt;
    at += static_cast<std::size_t>(n);
  }
  return result;
}

bool write_all(const file_descriptor& file, std::string_view bytes) {
  while (!bytes.empty()) {
    auto n = write(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

} // namespace edgeless
