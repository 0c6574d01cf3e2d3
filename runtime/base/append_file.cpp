// SPDX-License-Identifier: MIT
#include "runtime/base/append_file.hpp"

#include "messages/errors.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace edgeless {

caf::expected<append_file> append_file::open(const std::string& path) {
  file_descriptor file{
    ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
  if (!file)
    return fail(ec::system_failure,
                "cannot open " + path + ": " + std::strerror(errno));
  return append_file{path, std::move(file)};
}

caf::error append_file::append(std::string_view lines) {
  if (!write_all(file_, lines))
    return fail(ec::system_failure,
                "cannot write to " + path_ + ": " + std::strerror(errno));
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
