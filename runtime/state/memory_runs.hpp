// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

/// Where a memory differs from what it was at the start: runs of bytes, each
/// with its address and size (32 bits, little-endian) before it, ascending,
/// without overlap.
namespace edgeless {

/// Runs consist of grains of this size: smaller ones cost more in addresses
/// than they save.
constexpr std::size_t run_grain = 32;
/// A longer run is split.
constexpr std::size_t run_max = 32u << 10;
constexpr std::size_t run_head = 8;

/// Which pages of this process have been written. Any number of threads.
class page_map {
public:
  /// Opens /proc/self/pagemap. If that fails, every page counts as written.
  page_map();

  /// The system calls of written() are pread() on this descriptor; -1: none.
  int descriptor() const {
    return file_.get();
  }

  /// For each page from `start` on whether it has been written since it was
  /// mapped privately; true too if that is unknown.
  void written(const void* start, std::span<bool> pages) const;

  static constexpr std::size_t page = 4096;
  /// Pages that written() reads at once, at most.
  static constexpr std::size_t max_pages = 512;

private:
  file_descriptor file_;
};

/// Gets complete runs, some KiB at a time. False: stop.
using run_sink = std::function<bool(std::string_view runs)>;

/// Finds the runs in which `now` differs from `initial`, which continues with
/// zeros. Only written pages are compared. False: the sink stopped.
bool find_runs(std::span<const char> now, std::span<const char> initial,
               const page_map& pages, const run_sink& sink);

/// Whether these are runs of a memory of that size.
bool are_valid_runs(std::string_view runs, std::uint64_t memory);

/// Writes the runs to the memory, for which they must be valid.
void apply_runs(std::string_view runs, std::span<char> memory);

/// The bytes at the beginning of valid runs that are complete runs, at most
/// `max` but at least one run.
std::size_t size_of_first_runs(std::string_view runs, std::size_t max);

} // namespace edgeless
