// SPDX-License-Identifier: MIT

#pragma once

#include "base.hpp"

/// One heap for the buffers of the host and of the function: two-level
/// segregated fit (TLSF), constant time, free neighbours are joined. Small free
/// blocks are cached in bins of their exact size, since events need the same
/// few sizes. Memory grows by whole pages and only if no free block fits.
namespace edgeless::heap {

struct block {
  block* before; // Its neighbour at the lower address, null for the first.
  uint32_t size; // With the header; the low bits are the two flags below.
  block* next;   // From here on, memory of the user while in use.
  block* previous;
};

inline constexpr uint32_t free_flag = 1, parked_flag = 2, header = 8;
inline constexpr uint32_t page = 65536, largest_bin = 256;

inline block* lists[27][8]; // By power of two, then by eighths of it.
inline uint32_t levels;     // Which rows of `lists` have a block.
inline uint8_t slots[27];   // Which columns of each row.
inline block* bins[largest_bin / 16 + 1];
inline block* last; // The sentinel at the end of memory; null at first.
inline char nothing;

inline uint32_t size_of(const block* b) {
  return b->size & ~15u;
}

inline block* after(block* b) {
  return reinterpret_cast<block*>(reinterpret_cast<char*>(b) + size_of(b));
}

struct place {
  uint32_t row, column;
};

inline place place_of(uint32_t size) {
  if (size < 128)
    return {0, size / 16};
  auto log = 31u - __builtin_clz(size);
  return {log - 6, (size >> (log - 3)) & 7};
}

inline void link(block* b) {
  auto [row, column] = place_of(size_of(b));
  auto& head = lists[row][column];
  b->size |= free_flag;
  b->previous = nullptr;
  b->next = head;
  if (head)
    head->previous = b;
  head = b;
  slots[row] |= 1u << column;
  levels |= 1u << row;
}

inline void unlink(block* b) {
  auto [row, column] = place_of(size_of(b));
  b->size &= ~free_flag;
  if (b->next)
    b->next->previous = b->previous;
  (b->previous ? b->previous->next : lists[row][column]) = b->next;
  if (!lists[row][column]) {
    slots[row] &= ~(1u << column);
    if (!slots[row])
      levels &= ~(1u << row);
  }
}

/// A free block of at least `size` bytes, unlinked; null if there is none.
inline block* find(uint32_t size) {
  // Rounded up to the next column, whose every block is large enough.
  auto log = 31u - __builtin_clz(size);
  auto [row, column]
    = place_of(size < 128 ? size : size + (1u << (log - 3)) - 1);
  auto found = slots[row] & (~0u << column);
  if (!found) {
    auto above = levels & (~0u << row << 1);
    if (!above)
      return nullptr;
    row = __builtin_ctz(above);
    found = slots[row];
  }
  auto b = lists[row][__builtin_ctz(found)];
  unlink(b);
  return b;
}

/// Makes `b` a free block and joins it with its free neighbours.
inline void give_back(block* b) {
  if (auto next = after(b); next->size & free_flag) {
    unlink(next);
    b->size += size_of(next);
  }
  if (auto before = b->before; before && before->size & free_flag) {
    unlink(before);
    before->size += size_of(b);
    b = before;
  }
  after(b)->before = b;
  link(b);
}

/// Returns the cached blocks to the lists and joins their neighbours.
inline void empty_bins() {
  for (auto& bin : bins)
    while (auto b = bin) {
      bin = b->next;
      b->size &= ~parked_flag;
      give_back(b);
    }
}

inline void end_memory(block* before) {
  auto end = uint64_t{__builtin_wasm_memory_size(0)} * page;
  last = reinterpret_cast<block*>(uint32_t(end - header));
  last->before = before;
  last->size = 0;
}

/// Grows the memory; a block of at least `size` bytes at its end.
inline block* grow(uint32_t size) {
  if (!last) {
    // User memory is aligned to 16, so headers end on a multiple of 16.
    auto at = (reinterpret_cast<uint32_t>(&__heap_base) + 15 & ~15u) + 8;
    auto end = uint64_t{__builtin_wasm_memory_size(0)} * page;
    if (end < at + 64 && __builtin_wasm_memory_grow(0, 1) == SIZE_MAX)
      panic("out of memory");
    auto first = reinterpret_cast<block*>(at);
    end_memory(first);
    first->before = nullptr;
    first->size = reinterpret_cast<uint32_t>(last) - at;
    link(first);
  }
  auto b = last->before;
  auto spare = b->size & free_flag ? size_of(b) : 0;
  if (spare < size) {
    auto pages = (uint64_t{size} - spare + page - 1) / page;
    if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX)
      panic("out of memory");
    auto added = last;
    added->size = pages * page;
    end_memory(added);
    give_back(added);
    b = last->before;
  }
  unlink(b);
  return b;
}

/// Returns `n` bytes, aligned to 16; panics if the host grants no more memory.
/// For 0 bytes the address need not be released: the host frees only buffers
/// that have a size.
inline void* allocate(size_t n) {
  if (n == 0)
    return &nothing;
  check(n < 0xefff0000u, "out of memory");
  uint32_t size = (n + header + 15) & ~15u;
  auto b = size <= largest_bin ? bins[size / 16] : nullptr;
  if (b) {
    bins[size / 16] = b->next;
    b->size &= ~parked_flag;
    return &b->next;
  }
  b = find(size);
  if (!b) {
    empty_bins();
    b = find(size);
  }
  if (!b)
    b = grow(size);
  if (auto rest = size_of(b) - size; rest >= sizeof(block)) {
    b->size = size;
    auto tail = after(b);
    tail->before = b;
    tail->size = rest;
    give_back(tail);
  }
  return &b->next;
}

/// Frees memory of `allocate`; null is ignored. Panics on a double free.
inline void release(void* memory) {
  if (!memory || memory == &nothing)
    return;
  auto b = reinterpret_cast<block*>(static_cast<char*>(memory) - header);
  check(!(b->size & (free_flag | parked_flag)), "memory freed twice");
  if (auto size = size_of(b); size <= largest_bin) {
    b->size |= parked_flag;
    b->next = bins[size / 16];
    bins[size / 16] = b;
  } else {
    give_back(b);
  }
}

} // namespace edgeless::heap

__attribute__((weak)) void* operator new(size_t n) {
  return edgeless::heap::allocate(n);
}
__attribute__((weak)) void* operator new[](size_t n) {
  return edgeless::heap::allocate(n);
}
__attribute__((weak)) void operator delete(void* memory) noexcept {
  edgeless::heap::release(memory);
}
__attribute__((weak)) void operator delete[](void* memory) noexcept {
  edgeless::heap::release(memory);
}
__attribute__((weak)) void operator delete(void* memory, size_t) noexcept {
  edgeless::heap::release(memory);
}
__attribute__((weak)) void operator delete[](void* memory, size_t) noexcept {
  edgeless::heap::release(memory);
}
