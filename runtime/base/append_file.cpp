// SPDX-License-Identifier: MIT
#include "runtime/base/append_file.hpp"

#include "messages/errors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>

namespace edgeless {

append_file::append_file(std::string path, int file_descriptor)
  : path_{std::move(path)}, descriptor_{file_descriptor} {
  // nop
}

append_file::append_file(append_file&& other) noexcept
  : path_{std::move(other.path_)}, descriptor_{
                                     std::exchange(other.descriptor_, -1)} {
  // nop
}

append_file& append_file::operator=(append_file&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

append_file::~append_file() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

caf::expected<append_file> append_file::open(const std::string& path) {
  int file_descriptor
    = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_descriptor < 0)
    return fail(ec::system_failure,
                "cannot open " + path + ": " + std::strerror(errno));
  return append_file{path, file_descriptor};
}

caf::error append_file::append(std::string_view lines) {
  while (!lines.empty()) {
    auto written = ::write(descriptor_, lines.data(), lines.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return fail(ec::system_failure,
                  "cannot write to " + path_ + ": " + std::strerror(errno));
    lines.remove_prefix(static_cast<std::size_t>(written));
  }
  return caf::none;
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
