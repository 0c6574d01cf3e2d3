// SPDX-License-Identifier: MIT
#include "test/costs/allocation_counter.hpp"

#include <atomic>
#include <cstddef>

namespace {

std::atomic<std::uint64_t> count{0};

} // namespace

// The functions below replace those of glibc, which are still there under these
// names.
extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t n, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);

void* malloc(std::size_t size) {
  count.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}

void* calloc(std::size_t n, std::size_t size) {
  count.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(n, size);
}

void* realloc(void* block, std::size_t size) {
  count.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(block, size);
}

} // extern "C"

namespace edgeless::test {

std::uint64_t allocations() {
  return count.load(std::memory_order_relaxed);
}

} // namespace edgeless::test
