// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/fd.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/dataset/dataset_rows.hpp"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace edgeless {

/// Writes the lines of the CSV files on a thread of its own: the caller never
/// waits for a disk. Lines that do not fit into the queue or on the disk
/// are dropped; a file ends with a whole line whatever happens.
class dataset_files {
public:
  /// Is told how many lines were written and dropped; any thread.
  using observer
    = std::function<void(std::uint64_t written, std::uint64_t dropped)>;

  /// Opens the files, and makes their folder. A file that cannot be opened is
  /// logged, and its lines are dropped.
  dataset_files(dataset_settings settings, observer on_lines);

  /// Writes what is in the queue.
  ~dataset_files();

  dataset_files(const dataset_files&) = delete;
  dataset_files& operator=(const dataset_files&) = delete;

  void add(const dataset_row& row);

private:
  static constexpr std::size_t count = dataset_forms.size();

  struct lines {
    std::string text;
    std::uint64_t count = 0;
  };
  using batch = std::array<lines, count>;

  void open(std::size_t file);
  bool write(std::size_t file, std::string text);
  void run();

  const dataset_settings settings_;
  const observer on_lines_;
  // Of the thread, once it runs.
  std::array<file_descriptor, count> files_;
  std::array<bool, count> is_failing_{};

  std::mutex mutex_;
  std::condition_variable is_due_;
  batch queue_;
  std::size_t queued_bytes_ = 0;
  bool is_stopping_ = false;
  std::thread thread_;
};

} // namespace edgeless
