// SPDX-License-Identifier: MIT

#pragma once

/// A view of text. This header and those of numbers need no host: native
/// programs can include them.

#include <stddef.h>
#include <stdint.h>

namespace edgeless {

/// A view of bytes or text. The payloads of the handlers are valid until the
/// handler returns.
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
    // Fewer iterations: each loop iteration also checks the epoch in a node.
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

} // namespace edgeless
