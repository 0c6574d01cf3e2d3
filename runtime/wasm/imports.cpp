// SPDX-License-Identifier: MIT
#include "runtime/wasm/imports.hpp"

#include "runtime/base/utf8.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>

namespace edgeless {

// -- arguments and memory -----------------------------------------------------

std::string_view wasm_call::text(int argument) {
  auto found = bytes(u32(argument), u32(argument + 1));
  return {found.data(), found.size()};
}

std::string_view wasm_call::channel(int argument) {
  auto result = text(argument);
  // "string error" is the text of EDGELESS in this case.
  if (!trapped() && (result.size() > limits::text || !is_utf8(result)))
    trap = "string error: the name of a channel is not UTF-8 or too long";
  return result;
}

instance_id wasm_call::instance(int argument) {
  auto node = bytes(u32(argument), 16);
  auto component = bytes(u32(argument + 1), 16);
  if (trapped())
    return {};
  return {from_bytes<node_id>(node.data()),
          from_bytes<physical_id>(component.data())};
}

void wasm_call::store(std::uint32_t at, std::string_view source) {
  if (source.empty() || trapped())
    return;
  if (at == 0) {
    trap = "the guest's edgeless_mem_alloc gave no room for "
           + std::to_string(source.size()) + " bytes";
    return;
  }
  auto target = bytes(at, source.size());
  if (!trapped())
    std::copy(source.begin(), source.end(), target.begin());
}

void wasm_call::store_u32(std::uint32_t at, std::uint32_t value) {
  auto target = bytes(at, 4);
  for (std::size_t i = 0; i < target.size(); ++i)
    target[i] = static_cast<char>(value >> (8 * i));
}

// -- imports of guests --------------------------------------------------------

namespace {

void cast(wasm_call& call) {
  auto channel = call.channel(0);
  auto payload = call.text(2);
  if (!call.trapped())
    call.state.host->cast(channel, payload);
}

/// For guests that may block: caller.wat repeats the cast after host.room.
void cast_if_room(wasm_call& call) {
  auto channel = call.channel(0);
  auto payload = call.text(2);
  if (!call.trapped())
    call.result(call.state.host->cast(channel, payload));
}

void wait_for_room(wasm_call& call) {
  call.state.blocked = true;
}

void cast_raw(wasm_call& call) {
  auto target = call.instance(0);
  auto payload = call.text(2);
  if (!call.trapped())
    call.state.host->cast(target, payload);
}

void delayed_cast(wasm_call& call) {
  auto delay = std::min<std::uint64_t>(call.u64(0), limits::delay.count());
  auto channel = call.channel(1);
  auto payload = call.text(3);
  if (call.trapped())
    return;
  if (auto error = call.state.host->delayed_cast(
        std::chrono::milliseconds{static_cast<std::int64_t>(delay)}, channel,
        payload))
    call.trap = explain(error);
}

void telemetry_log(wasm_call& call) {
  auto level = call.u32(0);
  auto target = call.text(1).substr(0, limits::text);
  auto text = call.text(3).substr(0, limits::log_text);
  if (call.trapped())
    return;
  if (level < 1 || level > 5) {
    call.state.host->log(2, target, "unknown log level, logged as an error");
    level = 1;
  }
  call.state.host->log(level, target, text);
}

void slf(wasm_call& call) {
  auto id = call.state.host->self();
  auto node = to_bytes(id.node);
  auto component = to_bytes(id.instance);
  call.store(call.u32(0), {node.data(), node.size()});
  call.store(call.u32(1), {component.data(), component.size()});
}

void sync(wasm_call& call) {
  auto state = call.text(0);
  if (call.trapped())
    return;
  if (auto error = call.state.host->sync(state))
    call.trap = explain(error);
}

// -- imports of driver.wat and caller.wat -------------------------------------

void next(wasm_call& call) {
  auto* event = call.state.current = call.state.host->next();
  call.result(event ? static_cast<std::uint32_t>(event->kind) + 1 : 0, 0);
  call.result(event ? static_cast<std::uint32_t>(event->payload.size()) : 0, 1);
}

void state_size(wasm_call& call) {
  call.result(static_cast<std::uint32_t>(call.state.current->state.size()));
}

void load(wasm_call& call) {
  auto& event = *call.state.current;
  auto node = to_bytes(event.source.node);
  auto component = to_bytes(event.source.instance);
  call.store(call.u32(0), {node.data(), node.size()});
  call.store(call.u32(1), {component.data(), component.size()});
  call.store(call.u32(2), event.payload);
}

void load_init(wasm_call& call) {
  call.store(call.u32(0), call.state.current->payload);
  call.store(call.u32(1), call.state.current->state);
}

void done(wasm_call& call) {
  call_result result;
  auto kind = call.u32(0);
  result.kind = kind == 0   ? event_kind::no_reply
                : kind == 1 ? event_kind::reply
                            : event_kind::error;
  if (kind == 1 && call.u32(2) > limits::payload) {
    call.state.host->log(1, "edgeless",
                         "the reply exceeds the maximum size of a payload: the "
                         "caller gets an error");
    result.kind = event_kind::error;
  } else if (kind == 1) {
    result.payload = call.text(1);
  }
  if (!call.trapped())
    call.state.host->done(std::move(result));
}

void reply_size(wasm_call& call) {
  call.result(static_cast<std::uint32_t>(call.state.answer.payload.size()));
}

void reply_store(wasm_call& call) {
  auto payload = std::exchange(call.state.answer.payload, {});
  auto at = call.u32(0);
  call.store(at, payload);
  call.store_u32(call.u32(1), at);
  call.store_u32(call.u32(2), static_cast<std::uint32_t>(payload.size()));
}

/// Starts a call: it has already failed, or the guest waits for the answer.
void begin(wasm_call& call, std::optional<caf::expected<call_result>> result) {
  call.state.waiting = true;
  call.state.answered = result.has_value();
  if (result && *result)
    call.state.answer = std::move(**result);
  else if (result)
    call.trap = explain(result->error());
}

void call_channel(wasm_call& call) {
  auto channel = call.channel(0);
  auto payload = call.text(2);
  if (!call.trapped())
    begin(call, call.state.host->call(channel, payload));
}

void call_instance(wasm_call& call) {
  auto target = call.instance(0);
  auto payload = call.text(2);
  if (!call.trapped())
    begin(call, call.state.host->call(target, payload));
}

constexpr wasm_import env_table[] = {
  {"env", "cast_asm", "iiii:", cast},
  {"env", "cast_raw_asm", "iiii:", cast_raw},
  {"env", "delayed_cast_asm", "Iiiii:", delayed_cast},
  {"env", "telemetry_log_asm", "iiiii:", telemetry_log},
  {"env", "slf_asm", "ii:", slf},
  {"env", "sync_asm", "ii:", sync},
};

/// Signatures for find_guest_import(); the bodies are in caller.wat.
constexpr wasm_import caller_exports[] = {
  {"env", "call_asm", "iiiiii:i", nullptr},
  {"env", "call_raw_asm", "iiiiii:i", nullptr},
};

constexpr wasm_import driver_table[] = {
  {"host", "next", ":ii", next},
  {"host", "state_size", ":i", state_size},
  {"host", "load", "iii:", load},
  {"host", "load_init", "ii:", load_init},
  {"host", "done", "iii:", done},
  {"host", "reply_size", ":i", reply_size},
  {"host", "reply_store", "iii:", reply_store},
  {"host", "cast", "iiii:i", cast_if_room},
};

constexpr wasm_import call_table[] = {
  {"host", "call", "iiii:i", call_channel},
  {"host", "call_raw", "iiii:i", call_instance},
  {"host", "room", ":", wait_for_room},
};

} // namespace

std::span<const wasm_import> env_imports() {
  return env_table;
}

std::span<const wasm_import> driver_imports() {
  return driver_table;
}

std::span<const wasm_import> call_imports() {
  return call_table;
}

const wasm_import* find_guest_import(std::string_view module,
                                     std::string_view name) {
  std::span<const wasm_import> callers{caller_exports};
  for (auto table :
       {env_imports(), wasi_imports(), wasi_sleep_imports(), callers})
    for (auto& x : table)
      if (x.module == module && x.name == name)
        return &x;
  return nullptr;
}

} // namespace edgeless
