// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace edgeless {

/// A bounded queue of byte strings in a file, first in, first out. What push()
/// has taken survives the end of the program, but not always a loss of power:
/// nothing waits for the disk. Not thread-safe.
class disk_queue {
public:
  struct item {
    std::int64_t number = 0; ///< ascending
    std::string bytes;
  };

  /// Opens a queue, or creates it for `label`: what a reader has to know about
  /// its items. A queue of at most `capacity` bytes; an item counts some more
  /// than its length.
  static caf::expected<std::unique_ptr<disk_queue>>
  open(const std::filesystem::path& file, std::uint64_t capacity,
       const std::string& label = "");

  ~disk_queue();
  disk_queue(const disk_queue&) = delete;
  disk_queue& operator=(const disk_queue&) = delete;

  /// Appends all of them, or none. Then drops the oldest items that exceed the
  /// capacity; returns how many.
  caf::expected<std::uint64_t> push(const std::vector<std::string>& items);

  /// Up to `n` items behind that number.
  std::vector<item> read(std::int64_t after, std::size_t n);

  /// Items that are not there are ignored.
  void remove(const std::vector<std::int64_t>& numbers);

  /// The label with which it was created.
  const std::string& label() const {
    return label_;
  }
  std::uint64_t size() const {
    return size_;
  }
  std::uint64_t bytes() const {
    return bytes_;
  }
  /// The number of the newest item that was ever pushed; zero: none.
  std::int64_t last() const {
    return last_;
  }

  /// Closes the queue and deletes its files.
  void erase();

private:
  disk_queue(std::filesystem::path file, std::uint64_t capacity)
    : file_{std::move(file)}, capacity_{capacity} {
    // nop
  }

  caf::error prepare(const std::string& label);
  bool run(const char* text);
  bool remove_first();
  void subtract(std::int64_t bytes);
  void close();

  std::filesystem::path file_;
  std::uint64_t capacity_;
  std::string label_;
  std::uint64_t size_ = 0;
  std::uint64_t bytes_ = 0;
  std::int64_t last_ = 0;
  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* select_ = nullptr;
  sqlite3_stmt* delete_ = nullptr;
  sqlite3_stmt* delete_first_ = nullptr;
};

} // namespace edgeless
