// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace edgeless {

/// Owns a file descriptor and closes it. A negative number means none.
class file_descriptor {
public:
  explicit file_descriptor(int number = -1) : number_{number} {
    // nop
  }

  file_descriptor(file_descriptor&& other) noexcept
    : number_{std::exchange(other.number_, -1)} {
    // nop
  }

  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  ~file_descriptor() {
    close();
  }

  void close() noexcept;

  int get() const {
    return number_;
  }

  /// The caller closes it.
  int release() {
    return std::exchange(number_, -1);
  }

  explicit operator bool() const {
    return number_ >= 0;
  }

private:
  int number_;
};

/// Whether a new descriptor is one of the last, which the process keeps for
/// itself (limits::reserved_descriptors): what is opened on behalf of a
/// workflow or an unknown client is closed again, for the reason why_reserved.
/// The system always gives the lowest number that is free.
bool is_reserved(int number);
inline constexpr char why_reserved[]
  = "too many files and connections are open: see ulimit -n";

/// Opens a file to read, or creates or truncates it to write (mode 0600), with
/// O_NOFOLLOW and O_CLOEXEC. Invalid on failure; errno has the reason.
file_descriptor open_to_read(const std::string& path);
file_descriptor open_to_write(const std::string& path);

/// The content of a regular file from its start; nothing if it has more than
/// `limit` bytes or cannot be read.
std::optional<std::string> read_all(const file_descriptor& file,
                                    std::size_t limit);

/// Writes all bytes. False if not all could be written; errno has the reason.
bool write_all(const file_descriptor& file, std::string_view bytes);

} // namespace edgeless
