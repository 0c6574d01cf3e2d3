// SPDX-License-Identifier: MIT
#include "runtime/state/memory_runs.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

namespace edgeless {

namespace {

/// The sink gets its runs when there are so many bytes.
constexpr std::size_t chunk = 2 * run_max;

// Entries of /proc/PID/pagemap: Documentation/admin-guide/mm/pagemap.rst.
constexpr std::uint64_t page_present = 1ull << 63;
constexpr std::uint64_t page_swapped = 1ull << 62;
constexpr std::uint64_t page_of_file = 1ull << 61;

void put_u32(char* to, std::size_t value) {
  for (int i = 0; i < 4; ++i)
    to[i] = static_cast<char>(value >> (8 * i));
}

std::uint32_t get_u32(const char* from) {
  std::uint32_t result = 0;
  for (int i = 3; i >= 0; --i)
    result = result << 8 | static_cast<unsigned char>(from[i]);
  return result;
}

/// Collects grains into runs, and passes them on.
class run_collector {
public:
  explicit run_collector(const run_sink& sink) : sink_{sink} {
    // nop
  }

  bool add(std::size_t address, std::string_view bytes) {
    if (size_ == 0 || address != end_ || size_ >= run_max) {
      close();
      if (out_.size() >= chunk && !flush())
        return false;
      begin_ = out_.size();
      out_.resize(begin_ + run_head);
      put_u32(out_.data() + begin_, address);
    }
    out_ += bytes;
    size_ += bytes.size();
    end_ = address + bytes.size();
    return true;
  }

  bool finish() {
    close();
    return out_.empty() || flush();
  }

private:
  void close() {
    if (size_ > 0)
      put_u32(out_.data() + begin_ + 4, size_);
    size_ = 0;
  }

  bool flush() {
    auto is_wanted = sink_(out_);
    out_.clear();
    return is_wanted;
  }

  const run_sink& sink_;
  std::string out_{};
  std::size_t begin_ = 0; ///< where the current run begins in `out_`
  std::size_t size_ = 0;  ///< of the current run; zero: there is none
  std::size_t end_ = 0;   ///< the address behind it
};

bool compare_page(std::size_t address, std::string_view now,
                  std::string_view initial, run_collector& out) {
  assert(now.size() == initial.size());
  if (std::memcmp(now.data(), initial.data(), now.size()) == 0)
    return true;
  for (std::size_t i = 0; i < now.size(); i += run_grain) {
    auto grain = now.substr(i, run_grain);
    if (std::memcmp(grain.data(), initial.data() + i, grain.size()) != 0
        && !out.add(address + i, grain))
      return false;
  }
  return true;
}

} // namespace

page_map::page_map()
  : file_{::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)} {
  // nop
}

/// A page of a file that was mapped privately becomes anonymous when it is
/// written. A page of zeros that was only read counts as written, which is
/// harmless.
void page_map::written(const void* start, std::span<bool> pages) const {
  assert(pages.size() <= max_pages);
  std::array<std::uint64_t, max_pages> entries;
  auto address = reinterpret_cast<std::uintptr_t>(start);
  auto size = static_cast<ssize_t>(pages.size() * sizeof(entries[0]));
  auto is_known
    = file_ && address % page == 0
      && pread(file_.get(), entries.data(), static_cast<std::size_t>(size),
               static_cast<off_t>(address / page * 8))
           == size;
  for (std::size_t i = 0; i < pages.size(); ++i)
    pages[i] = !is_known
               || ((entries[i] & (page_present | page_swapped)) != 0
                   && (entries[i] & page_of_file) == 0);
}

bool find_runs(std::span<const char> now, std::span<const char> initial,
               const page_map& pages, const run_sink& sink) {
  static constexpr std::array<char, page_map::page> zeros{};
  run_collector out{sink};
  std::array<bool, page_map::max_pages> written;
  constexpr auto step = page_map::page * page_map::max_pages;
  for (std::size_t base = 0; base < now.size(); base += step) {
    auto part = now.subspan(base, std::min(step, now.size() - base));
    auto count = (part.size() + page_map::page - 1) / page_map::page;
    pages.written(part.data(), std::span{written}.first(count));
    for (std::size_t i = 0; i < count; ++i) {
      if (!written[i])
        continue;
      auto at = base + i * page_map::page;
      auto size = std::min(page_map::page, now.size() - at);
      // Both sizes are multiples of the size of WebAssembly's pages.
      auto* before
        = at + size <= initial.size() ? initial.data() + at : zeros.data();
      if (!compare_page(at, {now.data() + at, size}, {before, size}, out))
        return false;
    }
  }
  return out.finish();
}

bool are_valid_runs(std::string_view runs, std::uint64_t memory) {
  std::uint64_t end = 0;
  while (!runs.empty()) {
    if (runs.size() < run_head)
      return false;
    std::uint64_t address = get_u32(runs.data());
    auto size = get_u32(runs.data() + 4);
    runs.remove_prefix(run_head);
    if (size == 0 || size > run_max || size > runs.size() || address < end
        || address > memory || size > memory - address)
      return false;
    end = address + size;
    runs.remove_prefix(size);
  }
  return true;
}

void apply_runs(std::string_view runs, std::span<char> memory) {
  assert(are_valid_runs(runs, memory.size()));
  while (!runs.empty()) {
    auto address = get_u32(runs.data());
    auto size = get_u32(runs.data() + 4);
    std::memcpy(memory.data() + address, runs.data() + run_head, size);
    runs.remove_prefix(run_head + size);
  }
}

std::size_t size_of_first_runs(std::string_view runs, std::size_t max) {
  std::size_t result = 0;
  while (result < runs.size()) {
    auto next = run_head + get_u32(runs.data() + result + 4);
    if (result > 0 && result + next > max)
      break;
    result += next;
  }
  assert(result <= runs.size());
  return result;
}

} // namespace edgeless
