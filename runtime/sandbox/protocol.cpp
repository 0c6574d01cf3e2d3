// SPDX-License-Identifier: MIT
#include "runtime/sandbox/protocol.hpp"

#include "runtime/base/utf8.hpp"

namespace edgeless {

namespace {

/// The parts of the body of a frame.
struct layout {
  bool from_process;
  std::size_t numbers;
  bool id;
  bool name;
  std::size_t max_rest_bytes;
};

/// A sandbox may send one byte too many: see is_valid_head().
constexpr std::size_t payload = limits::payload + 1;
constexpr std::size_t id_size = 32;

/// Lines and globals, at most.
constexpr std::size_t state_head
  = 64 + 2 * limits::log_text + 17 * limits::captured_globals;

constexpr std::array<layout, 20> layouts = {{
  {false, 1, true, false, 0},                               // hello
  {false, 2, true, false, limits::payload + limits::state}, // event
  {false, 1, false, false, limits::payload},                // answer
  {false, 1, false, false, 0},                              // begin
  {false, 1, false, false, 0},                              // capture
  {true, 2, false, false, 0},                               // next
  {true, 1, false, false, payload},                         // done
  {true, 0, false, true, payload},                          // cast
  {true, 0, true, false, payload},                          // cast_to
  {true, 0, false, true, payload},                          // call
  {true, 0, true, false, payload},                          // call_to
  {true, 1, false, true, payload},                          // delayed_cast
  {true, 1, false, true, limits::log_text},                 // log
  {true, 0, false, false, limits::state + 1},               // sync
  {true, 0, false, false, limits::text},                    // fault
  {true, 0, false, false, 0},                               // ready
  {true, 1, false, false, 0},                               // sleep
  {true, 0, false, false, state_head},                      // state_head
  {true, 0, false, false, state_frame},                     // state_runs
  {true, 1, false, false, limits::text},                    // state_end
}};

/// nullptr if there is no such kind.
const layout* layout_of(guest_frame kind) {
  auto i = static_cast<std::size_t>(kind);
  return i < layouts.size() ? &layouts[i] : nullptr;
}

std::size_t fixed_size(const layout& x) {
  return 8 * x.numbers + (x.id ? id_size : 0) + (x.name ? 4 : 0);
}

template <class T>
void put(std::string& to, const T& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <class T>
T take(std::string_view& from) {
  T result;
  std::memcpy(&result, from.data(), sizeof(result));
  from.remove_prefix(sizeof(result));
  return result;
}

} // namespace

std::string encode_frame(guest_frame kind, const guest_body& body,
                         std::size_t rest) {
  auto& x = *layout_of(kind);
  auto size = fixed_size(x) + body.name.size() + rest;
  std::string result;
  put(result, guest_frame_head{kind, static_cast<std::uint32_t>(size)});
  for (std::size_t i = 0; i < x.numbers; ++i)
    put(result, body.numbers[i]);
  if (x.id) {
    put(result, to_bytes(body.id.node));
    put(result, to_bytes(body.id.instance));
  }
  if (x.name) {
    put(result, static_cast<std::uint32_t>(body.name.size()));
    result += body.name;
  }
  return result;
}

bool is_valid_head(const guest_frame_head& head) {
  auto* x = layout_of(head.kind);
  return x && x->from_process && head.size >= fixed_size(*x)
         && head.size <= fixed_size(*x) + (x->name ? limits::text : 0)
                           + x->max_rest_bytes;
}

std::optional<guest_body> decode_body(guest_frame kind,
                                      std::string_view bytes) {
  auto* x = layout_of(kind);
  if (!x || bytes.size() < fixed_size(*x))
    return std::nullopt;
  guest_body result;
  for (std::size_t i = 0; i < x->numbers; ++i)
    result.numbers[i] = take<std::uint64_t>(bytes);
  if (x->id) {
    result.id.node = from_bytes<node_id>(bytes.data());
    result.id.instance = from_bytes<physical_id>(bytes.data() + 16);
    bytes.remove_prefix(id_size);
  }
  if (x->name) {
    auto size = take<std::uint32_t>(bytes);
    if (size > bytes.size() || size > limits::text)
      return std::nullopt;
    result.name = bytes.substr(0, size);
    bytes.remove_prefix(size);
    if (!is_utf8(result.name) && kind != guest_frame::log)
      return std::nullopt;
  }
  if (bytes.size() > x->max_rest_bytes)
    return std::nullopt;
  result.rest = bytes;
  return result;
}

} // namespace edgeless
