// SPDX-License-Identifier: MIT

#pragma once

/// The guest side of the function ABI. A function is a struct with any of
/// handle_init, handle_cast, handle_call and handle_stop, given to
/// EDGELESS_EXPORT in exactly one source file. The host enters one handler at
/// a time; while a handler waits in `call`, the host only allocates. There is
/// no libc, no C++ library and no exceptions: fatal errors call `panic`, which
/// ends this instance alone.

#include "heap.hpp"
#include "printing.hpp"
#include "reading.hpp"

namespace edgeless {

// -- containers ---------------------------------------------------------------

/// A growing array that moves but does not copy. Its elements move as bytes,
/// so they may not point into themselves; indices are not checked.
template <class T>
class vector {
public:
  vector() = default;
  /// An array of `n` default values.
  explicit vector(size_t n) {
    resize(n);
  }
  vector(vector&& other) noexcept {
    *this = static_cast<vector&&>(other);
  }
  /// Swaps: the destructor of `other` frees the former elements.
  vector& operator=(vector&& other) noexcept {
    auto swap = [](auto& a, auto& b) {
      auto x = a;
      a = b;
      b = x;
    };
    swap(data_, other.data_);
    swap(size_, other.size_);
    swap(capacity_, other.capacity_);
    return *this;
  }
  ~vector() {
    resize(0);
    heap::release(data_);
  }
  T* data() const {
    return data_;
  }
  size_t size() const {
    return size_;
  }
  bool empty() const {
    return size_ == 0;
  }
  T* begin() const {
    return data_;
  }
  T* end() const {
    return data_ + size_;
  }
  T& operator[](size_t i) const {
    return data_[i];
  }
  /// Reserves room for `n` elements in total.
  void reserve(size_t n) {
    if (n <= capacity_)
      return;
    check(n <= UINT32_MAX / sizeof(T), "out of memory");
    auto data = static_cast<T*>(heap::allocate(n * sizeof(T)));
    __builtin_memcpy(static_cast<void*>(data), data_, size_ * sizeof(T));
    heap::release(data_);
    data_ = data;
    capacity_ = n;
  }
  /// Reserves room for `n` more elements; at least doubles the capacity.
  void make_room(size_t n) {
    if (n > capacity_ - size_)
      reserve(size_ + (n > size_ ? n : size_) + 8);
  }
  /// Adds an element at the end.
  void push_back(T value) {
    make_room(1);
    new (data_ + size_++) T(static_cast<T&&>(value));
  }
  /// Cuts the array to `n` elements, or fills it up with default values.
  void resize(size_t n) {
    reserve(n);
    while (size_ > n)
      data_[--size_].~T();
    while (size_ < n)
      new (data_ + size_++) T();
  }
  /// Gives the buffer away, to be freed by heap::release.
  T* detach() {
    auto data = data_;
    data_ = nullptr;
    size_ = capacity_ = 0;
    return data;
  }

protected:
  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

/// A growing text.
class string : public vector<char> {
public:
  string() = default;
  explicit string(string_view text) {
    append(text);
  }
  /// Takes over a buffer from the heap, such as a reply the host wrote.
  string(char* buffer, size_t size) {
    data_ = buffer;
    size_ = capacity_ = size;
  }
  operator string_view() const {
    return {data_, size_};
  }
  /// Appends `text`, which may not be a part of this string.
  void append(string_view text) {
    make_room(text.size());
    auto to = data_ + size_;
    size_ += text.size();
    copy(to, text.data(), text.size());
  }
  /// Appends the characters that `write` produces: it gets the address of `n`
  /// characters and returns the end of the valid ones.
  template <class F>
  void append_by(size_t n, F write) {
    make_room(n);
    size_ = write(data_ + size_) - data_;
  }
  /// A bulk copy costs a call into the engine; most texts are short and are
  /// copied as two overlapping words.
  static void copy(char* to, const char* from, size_t n) {
    if (n > 32)
      __builtin_memcpy(to, from, n);
    else if (n >= 16)
      copy_ends<16>(to, from, n);
    else if (n >= 8)
      copy_ends<8>(to, from, n);
    else if (n >= 4)
      copy_ends<4>(to, from, n);
    else if (n >= 2)
      copy_ends<2>(to, from, n);
    else if (n)
      *to = *from;
  }
  template <size_t N>
  static void copy_ends(char* to, const char* from, size_t n) {
    struct word {
      char bytes[N];
    };
    word first, last;
    __builtin_memcpy(&first, from, N);
    __builtin_memcpy(&last, from + n - N, N);
    __builtin_memcpy(to, &first, N);
    __builtin_memcpy(to + n - N, &last, N);
  }
};

// -- writing ------------------------------------------------------------------

/// Appends a text. Overload `put` for a type to use it in `text` and log lines.
inline void put(string& out, string_view text) {
  out.append(text);
}

/// Appends one character.
inline void put(string& out, char c) {
  out.push_back(c);
}

/// Appends an integer in decimal.
template <integer T>
void put(string& out, T value) {
  out.append_by(32, [value](char* at) {
    *at = '-';
    return value < 0 ? decimal::write(at + 1, -uint64_t(value))
                     : decimal::write(at, uint64_t(value));
  });
}

/// Appends a float or double as Rust does: the shortest digits that read back
/// as the same value, never with an exponent; or NaN, inf, -inf.
template <class F>
requires(!integer<F>) && requires {
  decimal::layout<F>::mantissa;
}
void put(string& out, F value) {
  using L = decimal::layout<F>;
  if (value != value)
    return out.append("NaN");
  auto bits = __builtin_bit_cast(typename L::bits, value);
  if (__builtin_signbit(value)) {
    out.push_back('-');
    bits ^= typename L::bits{1} << (8 * sizeof(F) - 1);
  }
  if (int(bits >> L::mantissa) > 2 * L::bias)
    return out.append("inf");
  auto number = decimal::shortest<F>(bits);
  out.append_by(decimal::room_for(number),
                [&](char* at) { return decimal::write(at, number); });
}

/// Sixteen bytes in the order of RFC 4122.
struct uuid {
  uint8_t bytes[16];
};

/// Appends a UUID in its usual form, in lower case.
inline void put(string& out, const uuid& id) {
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      out.push_back('-');
    out.push_back("0123456789abcdef"[id.bytes[i] >> 4]);
    out.push_back("0123456789abcdef"[id.bytes[i] & 15]);
  }
}

/// Bytes to be written as a list of numbers: `[1, 2, 3]`.
struct listed {
  string_view bytes;

  explicit listed(string_view bytes) : bytes(bytes) {}
  explicit listed(const uuid& id)
    : bytes(reinterpret_cast<const char*>(id.bytes), 16) {}
};

/// Appends the bytes in decimal, in brackets.
inline void put(string& out, listed list) {
  out.push_back('[');
  for (size_t i = 0; i < list.bytes.size(); ++i) {
    out.append(i ? string_view(", ") : string_view());
    put(out, uint8_t(list.bytes[i]));
  }
  out.push_back(']');
}

/// A text of all the parts, one after the other: texts, characters, integers,
/// floats, doubles, UUIDs, lists of bytes.
template <class... Parts>
string text(const Parts&... parts) {
  string result;
  (put(result, parts), ...);
  return result;
}

// -- the host -----------------------------------------------------------------

/// Logs one line made of `parts`; the host decides which levels it keeps.
namespace log {

/// Logs at `level`: 1 error, 2 warning, 3 info, 4 debug, 5 trace.
template <class... Parts>
void write(uint32_t level, const Parts&... parts) {
  auto line = text(parts...);
  imports::telemetry_log_asm(level, log_target.data(), log_target.size(),
                             line.data(), line.size());
}

/// Logs at level 1: errors.
template <class... Parts>
void error(const Parts&... parts) {
  write(1, parts...);
}

/// Logs at level 2.
template <class... Parts>
void warn(const Parts&... parts) {
  write(2, parts...);
}

/// Logs at level 3.
template <class... Parts>
void info(const Parts&... parts) {
  write(3, parts...);
}

/// Logs at level 4.
template <class... Parts>
void debug(const Parts&... parts) {
  write(4, parts...);
}

/// Logs at level 5.
template <class... Parts>
void trace(const Parts&... parts) {
  write(5, parts...);
}

} // namespace log

/// Logs with an explicit target, such as a telemetry event.
inline void telemetry_log(uint32_t level, string_view target,
                          string_view line) {
  imports::telemetry_log_asm(level, target.data(), target.size(), line.data(),
                             line.size());
}

/// The id of an instance: the source or the target of an event.
struct instance_id {
  uuid node_id;
  uuid component_id;
};

/// The result of a call.
struct call_result {
  enum { no_reply, reply, error } outcome = no_reply;
  string payload; // Of a reply.
};

/// A reply with `payload`. `return {}` sends no reply, `return call_failed()`
/// an error.
inline call_result reply(string_view payload) {
  return {call_result::reply, string(payload)};
}

/// The result that makes the `call` of the caller fail.
inline call_result call_failed() {
  return {call_result::error, {}};
}

/// Sends `payload` to the component that the output `target` is mapped to, or
/// to "self". Without a mapping, nothing happens.
inline void cast(string_view target, string_view payload) {
  imports::cast_asm(target.data(), target.size(), payload.data(),
                    payload.size());
}

/// Sends `payload` to an instance, such as the source of an event.
inline void cast_raw(const instance_id& target, string_view payload) {
  imports::cast_raw_asm(&target.node_id, &target.component_id, payload.data(),
                        payload.size());
}

/// Sends `payload` in `delay_ms` milliseconds. The target is resolved now; the
/// host traps if it is not mapped.
inline void delayed_cast(uint64_t delay_ms, string_view target,
                         string_view payload) {
  imports::delayed_cast_asm(delay_ms, target.data(), target.size(),
                            payload.data(), payload.size());
}

namespace detail {

// EDGELESS nodes write the size as eight bytes.
struct reply_slots {
  char* data = nullptr;
  size_t size[2] = {};

  call_result take(int32_t outcome) {
    if (outcome == 1)
      return {call_result::reply, string(data, size[0])};
    return {outcome == 0 ? call_result::no_reply : call_result::error, {}};
  }
};

} // namespace detail

/// Sends `payload` and waits for the reply. The host traps if `target` is not
/// mapped; an error is a failure of the callee, a timeout or a stop.
inline call_result call(string_view target, string_view payload) {
  detail::reply_slots out;
  return out.take(imports::call_asm(target.data(), target.size(),
                                    payload.data(), payload.size(), &out.data,
                                    out.size));
}

/// As `call`, to an instance.
inline call_result call_raw(const instance_id& target, string_view payload) {
  detail::reply_slots out;
  return out.take(imports::call_raw_asm(&target.node_id, &target.component_id,
                                        payload.data(), payload.size(),
                                        &out.data, out.size));
}

/// The id of this instance.
inline instance_id slf() {
  instance_id id;
  imports::slf_asm(&id.node_id, &id.component_id);
  return id;
}

/// Stores `state` for handle_init of the next instance of this component.
inline void sync(string_view state) {
  imports::sync_asm(state.data(), state.size());
}

// -- init payload and random numbers ------------------------------------------

/// Keys and values of an init payload. They are views of its text.
class arguments {
public:
  void add(string_view key, string_view value) {
    entries_.push_back({key, value});
  }
  /// The value of `key`, the last one if there are several; `other` if none.
  string_view get(string_view key, string_view other = {}) const {
    for (auto i = entries_.size(); i-- > 0;)
      if (entries_[i].key == key)
        return entries_[i].value;
    return other;
  }
  bool has(string_view key) const {
    for (auto& entry : entries_)
      if (entry.key == key)
        return true;
    return false;
  }
  /// The value of `key` as a number; `other` if it is missing or not one.
  template <class T>
  T number(string_view key, T other) const {
    return parse<T>(get(key)).value_or(other);
  }
  /// Whether the value of `key` is "true", in any case.
  bool flag(string_view key) const {
    return equal_ignoring_case(get(key), "true");
  }

private:
  struct entry {
    string_view key, value;
  };
  vector<entry> entries_;
};

/// Reads `key=value,key=value`. Nothing is trimmed, a second `=` ends the
/// value, a part without `=` is logged and skipped.
inline arguments parse_init_payload(string_view payload) {
  arguments result;
  if (payload.empty())
    return result;
  split(payload, ',', [&](string_view token) {
    auto at = token.find('=');
    if (at == token.size())
      return log::error("invalid initialization token: ", token);
    auto value = token.substr(at + 1);
    result.add(token.substr(0, at), value.substr(0, value.find('=')));
  });
  return result;
}

/// The generator of EDGELESS: the same seed gives the same numbers.
class lcg {
  typedef int32_t signed_eight __attribute__((vector_size(32)));
  typedef uint32_t eight __attribute__((vector_size(32)));
  typedef float floats __attribute__((vector_size(32), aligned(4)));
  static constexpr uint32_t factor = 1103515245, summand = 12345,
                            mask = 0x7fffffff;
  static constexpr float scale = 1 / 2147483648.f;
  // One to eight steps at once, modulo 2^32: step(step(x)) is linear in x.
  static constexpr uint32_t summand_of(int step) {
    return step ? factor * summand_of(step - 1) + summand : 0;
  }
  static constexpr uint32_t factor_of(int step) {
    return step ? factor * factor_of(step - 1) : 1;
  }

public:
  explicit lcg(uint32_t seed = 0) : seed_(seed) {}
  /// The next number, from 0 to 1, both possible.
  float rand() {
    seed_ = (factor * seed_ + summand) & mask;
    return float(seed_) * scale;
  }
  /// The next `n` numbers, eight at a time: one linear step from the seed each.
  void fill(float* to, size_t n) {
    constexpr eight factors
      = {factor_of(1), factor_of(2), factor_of(3), factor_of(4),
         factor_of(5), factor_of(6), factor_of(7), factor_of(8)};
    constexpr eight summands
      = {summand_of(1), summand_of(2), summand_of(3), summand_of(4),
         summand_of(5), summand_of(6), summand_of(7), summand_of(8)};
    for (; n >= 8; n -= 8, to += 8) {
      auto seeds = (factors * seed_ + summands) & mask;
      seed_ = seeds[7];
      // Below 2^31: signed integers are converted by one instruction.
      *reinterpret_cast<floats*>(to)
        = __builtin_convertvector((signed_eight)seeds, floats) * scale;
    }
    for (; n > 0; --n)
      *to++ = rand();
  }

private:
  uint32_t seed_;
};

/// The next `n` numbers of `numbers`.
inline vector<float> random_vector(lcg& numbers, size_t n) {
  vector<float> result(n);
  numbers.fill(result.data(), n);
  return result;
}

/// The next n * n numbers of `numbers`; panics above 4 GiB.
inline vector<float> random_matrix(lcg& numbers, size_t n) {
  check(n < 32768, "out of memory");
  return random_vector(numbers, n * n);
}

// -- exports ------------------------------------------------------------------

namespace detail {

/// The one function of the module. It is built on first use: a static object
/// with a constructor would have every export of the module run constructors.
template <class T>
T& function() {
  alignas(T) static char memory[sizeof(T)];
  static bool built;
  if (!built)
    new (memory) T();
  built = true;
  return *reinterpret_cast<T*>(memory);
}

template <class T>
constexpr string_view target_of(string_view name) {
  if constexpr (requires { T::log_target; })
    return T::log_target;
  else
    return name;
}

// A handler that is there but has another signature does not compile.
template <class T>
void init(string_view payload, string_view state) {
  if constexpr (requires { &T::handle_init; })
    function<T>().handle_init(payload, state);
}

template <class T>
void cast(const instance_id& source, string_view payload) {
  if constexpr (requires { &T::handle_cast; })
    function<T>().handle_cast(source, payload);
}

template <class T>
int32_t call(const instance_id& source, string_view payload, char** out,
             size_t* out_size) {
  call_result result;
  if constexpr (requires { &T::handle_call; })
    result = function<T>().handle_call(source, payload);
  if (result.outcome != call_result::reply)
    return result.outcome;
  // The host copies the reply before it enters again, and does not free it.
  static char* previous;
  heap::release(previous);
  *out_size = result.payload.size();
  *out = previous = result.payload.detach();
  return call_result::reply;
}

template <class T>
void stop() {
  if constexpr (requires { &T::handle_stop; })
    function<T>().handle_stop();
}

} // namespace detail

} // namespace edgeless

#define EDGELESS_EXPORT_AS(name) __attribute__((export_name(#name))) name

/// Exports the functions of the ABI for `type`: a struct with a default
/// constructor and any of the members
///   void handle_init(string_view payload, string_view state);
///   void handle_cast(const instance_id& source, string_view message);
///   call_result handle_call(const instance_id& source, string_view message);
///   void handle_stop();
/// An absent init payload or state is empty. The export that clears memory does
/// nothing: unused memory is already free, the rest is state.
#define EDGELESS_EXPORT(type)                                                  \
  constinit const edgeless::string_view edgeless::log_target                   \
    = edgeless::detail::target_of<type>(#type);                                \
  extern "C" {                                                                 \
  void* EDGELESS_EXPORT_AS(edgeless_mem_alloc)(size_t size) {                  \
    return edgeless::heap::allocate(size);                                     \
  }                                                                            \
  void EDGELESS_EXPORT_AS(edgeless_mem_free)(void* memory, size_t) {           \
    edgeless::heap::release(memory);                                           \
  }                                                                            \
  void EDGELESS_EXPORT_AS(edgeless_mem_clear)() {}                             \
  void EDGELESS_EXPORT_AS(handle_init_asm)(const char* payload, size_t size,   \
                                           const char* state,                  \
                                           size_t state_size) {                \
    edgeless::detail::init<type>({payload, size}, {state, state_size});        \
  }                                                                            \
  void EDGELESS_EXPORT_AS(handle_cast_asm)(const edgeless::uuid* node,         \
                                           const edgeless::uuid* component,    \
                                           const char* payload, size_t size) { \
    edgeless::detail::cast<type>({*node, *component}, {payload, size});        \
  }                                                                            \
  int32_t EDGELESS_EXPORT_AS(handle_call_asm)(const edgeless::uuid* node,      \
                                              const edgeless::uuid* component, \
                                              const char* payload,             \
                                              size_t size, char** out,         \
                                              size_t* out_size) {              \
    return edgeless::detail::call<type>({*node, *component}, {payload, size},  \
                                        out, out_size);                        \
  }                                                                            \
  void EDGELESS_EXPORT_AS(handle_stop_asm)() {                                 \
    edgeless::detail::stop<type>();                                            \
  }                                                                            \
  }
