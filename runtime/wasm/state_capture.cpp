// SPDX-License-Identifier: MIT
#include "runtime/wasm/state_capture.hpp"

#include "runtime/modules/state_exports.hpp"
#include "runtime/wasm/engine_config.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <wasmtime.h>

#include <bit>
#include <cassert>
#include <cstring>
#include <optional>

namespace edgeless {

namespace {

static_assert(std::endian::native == std::endian::little,
              "values of globals are little-endian in a guest_state");

constexpr std::uint64_t wasm_page = 65536;

/// The export of that name.
std::optional<wasmtime_extern_t> find_export(const instance_ref& from,
                                             std::string_view name) {
  wasmtime_extern_t found;
  if (!wasmtime_instance_export_get(from.context, from.instance, name.data(),
                                    name.size(), &found))
    return std::nullopt;
  return found;
}

/// The global with this ordinal. Its type is never asked for: the engine's C
/// API aborts on v128.
std::optional<wasmtime_global_t> find_global(const instance_ref& from,
                                             std::size_t ordinal) {
  auto found = find_export(from, state_export_of_global(ordinal));
  return found && found->kind == WASMTIME_EXTERN_GLOBAL
           ? std::optional{found->of.global}
           : std::nullopt;
}

bool is_prepared(const instance_ref& from) {
  return find_export(from, state_export_sign).has_value();
}

guest_state::global read_global(const instance_ref& from,
                                const wasmtime_global_t& x) {
  wasmtime_val_t value{};
  wasmtime_global_get(from.context, &x, &value);
  guest_state::global result;
  result.kind = value.kind;
  static_assert(sizeof(value.of) >= 16);
  auto size = value.kind == WASMTIME_V128                                ? 16
              : value.kind == WASMTIME_I64 || value.kind == WASMTIME_F64 ? 8
                                                                         : 4;
  assert(value.kind <= WASMTIME_V128); // export_state() refuses references
  std::memcpy(result.value.data(), &value.of, static_cast<std::size_t>(size));
  return result;
}

std::string write_global(const instance_ref& to, const wasmtime_global_t& x,
                         const guest_state::global& y) {
  wasmtime_val_t value{};
  value.kind = y.kind;
  std::memcpy(&value.of, y.value.data(), y.value.size());
  return take_message(nullptr, wasmtime_global_set(to.context, &x, &value));
}

std::span<char> memory_of(const instance_ref& x) {
  return {reinterpret_cast<char*>(wasmtime_memory_data(x.context, x.memory)),
          wasmtime_memory_data_size(x.context, x.memory)};
}

caf::error unfit(std::string reason) {
  return fail(ec::bad_input,
              "this state does not fit the module: " + std::move(reason));
}

caf::error grow_to(const instance_ref& to, std::uint64_t size) {
  auto now = memory_of(to).size();
  if (size < now || size % wasm_page != 0)
    return unfit("it has a memory of " + std::to_string(size)
                 + " bytes, expected at least " + std::to_string(now));
  std::uint64_t before = 0;
  if (size > now)
    if (auto* error = wasmtime_memory_grow(to.context, to.memory,
                                           (size - now) / wasm_page, &before))
      return fail(ec::exhausted, "there is no memory of " + std::to_string(size)
                                   + " bytes: " + take_message(nullptr, error));
  return {};
}

} // namespace

caf::expected<guest_state>
capture_state(const instance_ref& from, std::span<const char> initial,
              const page_map& pages, std::uint64_t max_bytes) {
  if (!is_prepared(from))
    return fail(ec::bad_module, "the module has state that cannot be captured");
  if (initial.empty())
    return fail(ec::exhausted,
                "the node has no memory for another instance to compare with");
  guest_state result;
  auto memory = memory_of(from);
  result.memory = memory.size();
  auto fits = find_runs(memory, initial, pages, [&](std::string_view runs) {
    if (runs.size() > max_bytes - result.runs.size())
      return false;
    result.runs += runs;
    return true;
  });
  if (!fits)
    return fail(ec::exhausted, "its state has more than "
                                 + std::to_string(max_bytes) + " bytes");
  for (std::size_t i = 0; auto x = find_global(from, i); ++i)
    result.globals.push_back(read_global(from, *x));
  assert(result.globals.size() <= limits::captured_globals);
  assert(are_valid_runs(result.runs, result.memory));
  return result;
}

caf::error restore_state(const instance_ref& to, const guest_state& state) {
  if (!is_prepared(to))
    return unfit("the module has state that cannot be restored");
  if (!are_valid_runs(state.runs, state.memory))
    return unfit("it writes beyond its memory");
  std::size_t count = 0;
  for (; auto x = find_global(to, count); ++count) {
    if (count >= state.globals.size())
      return unfit("it has too few globals");
    if (auto text = write_global(to, *x, state.globals[count]); !text.empty())
      return unfit(std::move(text));
  }
  if (count != state.globals.size())
    return unfit("it has too many globals");
  if (auto error = grow_to(to, state.memory))
    return error;
  apply_runs(state.runs, memory_of(to));
  return {};
}

} // namespace edgeless
