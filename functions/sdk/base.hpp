// SPDX-License-Identifier: MIT

#pragma once

/// What the rest of the SDK stands on: the imports, the few functions the
/// compiler itself may call, views of text, and panic.

#include <stddef.h>
#include <stdint.h>

// -- imports ------------------------------------------------------------------

#define EDGELESS_IMPORT(name)                                                  \
  __attribute__((import_module("env"), import_name(#name))) name

/// The eight functions of the host, as they are on the wire. Prefer the typed
/// ones below.
namespace edgeless::imports {
extern "C" {
void EDGELESS_IMPORT(cast_raw_asm)(const void* node, const void* component,
                                   const char* payload, size_t size);
void EDGELESS_IMPORT(cast_asm)(const char* target, size_t target_size,
                               const char* payload, size_t size);
int32_t EDGELESS_IMPORT(call_raw_asm)(const void* node, const void* component,
                                      const char* payload, size_t size,
                                      char** out, size_t* out_size);
int32_t EDGELESS_IMPORT(call_asm)(const char* target, size_t target_size,
                                  const char* payload, size_t size, char** out,
                                  size_t* out_size);
void EDGELESS_IMPORT(telemetry_log_asm)(uint32_t level, const char* target,
                                        size_t target_size, const char* text,
                                        size_t size);
void EDGELESS_IMPORT(slf_asm)(void* node, void* component);
void EDGELESS_IMPORT(delayed_cast_asm)(uint64_t delay_ms, const char* target,
                                       size_t target_size, const char* payload,
                                       size_t size);
void EDGELESS_IMPORT(sync_asm)(const char* state, size_t size);
}
} // namespace edgeless::imports

// -- what the compiler may call -----------------------------------------------

// With bulk memory these builtins are single instructions, not calls.
extern "C" {
__attribute__((weak)) void* memcpy(void* to, const void* from, size_t n) {
  return __builtin_memcpy(to, from, n);
}
__attribute__((weak)) void* memmove(void* to, const void* from, size_t n) {
  return __builtin_memmove(to, from, n);
}
__attribute__((weak)) void* memset(void* to, int value, size_t n) {
  return __builtin_memset(to, value, n);
}
__attribute__((weak)) int memcmp(const void* a, const void* b, size_t n) {
  auto x = static_cast<const unsigned char*>(a);
  auto y = static_cast<const unsigned char*>(b);
  for (; n && *x == *y; --n, ++x, ++y) {
  }
  return n ? *x - *y : 0;
}
extern unsigned char __heap_base;
}

inline void* operator new(size_t, void* at) noexcept {
  return at;
}

namespace edgeless {

// -- text and bytes -----------------------------------------------------------

/// Bytes or text that someone else owns. The payloads of the handlers are
/// valid until the handler returns.
class string_view {
public:
  constexpr string_view() = default;
  constexpr string_view(const char* data, size_t size)
    : data_(data), size_(size) {}
  template <size_t N>
  constexpr string_view(const char (&literal)[N])
    : data_(literal), size_(N - 1) {}
  constexpr const char* data() const {
    return data_;
  }
  constexpr size_t size() const {
    return size_;
  }
  constexpr bool empty() const {
    return size_ == 0;
  }
  constexpr const char* begin() const {
    return data_;
  }
  constexpr const char* end() const {
    return data_ + size_;
  }
  constexpr char operator[](size_t i) const {
    return data_[i];
  }
  /// The part from `at` on, at most `n` long; both are cut to what is there.
  constexpr string_view substr(size_t at, size_t n = SIZE_MAX) const {
    at = at < size_ ? at : size_;
    return {data_ + at, n < size_ - at ? n : size_ - at};
  }
  /// The index of the first `c`, or size() if there is none.
  constexpr size_t find(char c) const {
    size_t i = 0;
#ifdef __wasm_simd128__
    // Each turn of a loop in a node looks at the time, too.
    typedef signed char bytes __attribute__((vector_size(16), aligned(1)));
    if (!__builtin_is_constant_evaluated())
      for (; size_ - i >= 16; i += 16) {
        auto equal = *reinterpret_cast<const bytes*>(data_ + i) == bytes{} + c;
        if (auto found = __builtin_wasm_bitmask_i8x16(equal))
          return i + __builtin_ctz(found);
      }
#endif
    while (i < size_ && data_[i] != c)
      ++i;
    return i;
  }
  constexpr bool operator==(string_view other) const {
    if (size_ != other.size_)
      return false;
    for (size_t i = 0; i < size_; ++i)
      if (data_[i] != other.data_[i])
        return false;
    return true;
  }
  constexpr bool starts_with(string_view head) const {
    return substr(0, head.size()) == head;
  }

private:
  const char* data_ = nullptr;
  size_t size_ = 0;
};

/// Compares ASCII text, ignoring the case of letters; `lower` is lower case.
constexpr bool equal_ignoring_case(string_view text, string_view lower) {
  if (text.size() != lower.size())
    return false;
  for (size_t i = 0; i < text.size(); ++i)
    if ((text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]) != lower[i])
      return false;
  return true;
}

/// Calls `f` with every part of `text` between separators: one more part than
/// there are separators, empty parts included, nothing trimmed.
template <class F>
void split(string_view text, char separator, F f) {
  for (;;) {
    auto at = text.find(separator);
    f(text.substr(0, at));
    if (at == text.size())
      return;
    text = text.substr(at + 1);
  }
}

// -- panic --------------------------------------------------------------------

/// The target of our log lines: the name of the exported struct, or its
/// `log_target` if it has one.
extern const string_view log_target;

/// Logs `why` as an error and traps: the host ends this instance.
[[noreturn]] inline void panic(string_view why) {
  imports::telemetry_log_asm(1, log_target.data(), log_target.size(),
                             why.data(), why.size());
  __builtin_trap();
}

/// Panics with `why` unless `fact` holds.
inline void check(bool fact, string_view why) {
  if (!fact)
    panic(why);
}

} // namespace edgeless
