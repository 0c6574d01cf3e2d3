// SPDX-License-Identifier: MIT
#include "runtime/modules/module_outline.hpp"
#include "runtime/wasm/engine_config.hpp"
#include "runtime/wasm/imports.hpp"
#include "runtime/wasm/owned.hpp"
#include "runtime/wasm/state_capture.hpp"
#include "runtime/wasm/wasm_module.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <wasmtime.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

namespace {

using owned_store = owned<wasmtime_store_t, wasmtime_store_delete>;
using owned_linker = owned<wasmtime_linker_t, wasmtime_linker_delete>;
using owned_future = owned<wasmtime_call_future_t, wasmtime_call_future_delete>;

/// The exports of a guest that driver.wat imports.
constexpr std::string_view driver_imports_of_guest[] = {"memory",
                                                        "edgeless_mem_alloc",
                                                        "edgeless_mem_free",
                                                        "edgeless_mem_clear",
                                                        "handle_init_asm",
                                                        "handle_cast_asm",
                                                        "handle_call_asm",
                                                        "handle_stop_asm"};

/// Deadline of an instantiation, in ticks, though no guest code runs.
constexpr std::uint64_t instantiation_ticks = 1'000'000;

constexpr std::string_view memory_used_up
  = "the functions of this node have used up their common memory "
    "(wasm_runtime.memory_mib)";

class wasm_guest final : public guest {
public:
  wasm_guest(wasm_module_ptr module, guest_host& host,
             const guest_limits& limits);
  ~wasm_guest() override;

  /// Instantiates and links the guest, caller.wat, driver.wat and joint.wat.
  caf::error instantiate();

  progress run() noexcept override;
  void answer(call_result result) noexcept override;

  std::string fault() const override {
    return fault_;
  }

  std::uint64_t memory() const override {
    return host_state_.memory ? wasmtime_memory_data_size(context_, &memory_)
                              : 0;
  }

  void capture(std::uint64_t max_bytes) noexcept override;
  caf::expected<guest_state> take_state() override;
  caf::error restore(const guest_state& state) noexcept override;

private:
  caf::error await(wasmtime_call_future_t* instantiation);
  caf::error add_guest();
  caf::error add_driver();
  caf::error add_joint();
  /// Whether imports of the guest may suspend: those are provided by
  /// caller.wat, which costs one more instance.
  bool needs_caller() const {
    return may_block_ || !module_->linked;
  }

  bool find(const wasmtime_instance_t& instance, std::string_view name,
            wasmtime_extern_t& result) {
    return wasmtime_instance_export_get(context_, &instance, name.data(),
                                        name.size(), &result);
  }

  instance_ref ref() const {
    return {context_, &guest_, &memory_};
  }

  void enter();
  progress resume(const epoch_ticker* clock);
  void limit_memory();
  progress mark_dead(std::string reason);
  bool account_memory();

  wasm_module_ptr module_;
  bool may_block_;
  host_state host_state_;
  owned_store store_;
  wasmtime_context_t* context_;
  wasmtime_instance_t caller_{}, guest_{}, driver_{};
  wasmtime_memory_t memory_{};
  std::uint64_t memory_limit_;       ///< of this guest
  std::uint64_t memory_allowed_ = 0; ///< as told to the engine
  std::uint64_t memory_held_ = 0;    ///< as counted in the memory pool
  wasmtime_func_t run_{};
  /// Called once, before run_, the last one first: `_initialize`, the start.
  std::vector<wasmtime_func_t> starters_;
  std::optional<caf::expected<guest_state>> captured_;
  bool dead_ = false;
  std::string fault_;
  // The future points to these: it must be destroyed before them.
  wasmtime_func_t entered_{};
  wasm_trap_t* trap_ = nullptr;
  wasmtime_error_t* error_ = nullptr;
  owned_future future_;
};

wasm_guest::wasm_guest(wasm_module_ptr module, guest_host& host,
                       const guest_limits& limits)
  : module_{std::move(module)}, may_block_{limits.may_block},
    store_{wasmtime_store_new(module_->core->engine, &host_state_, nullptr)},
    context_{wasmtime_store_context(store_.get())},
    memory_limit_{
      std::min<std::uint64_t>(limits.memory, limits::guest_memory)} {
  host_state_.host = &host;
  limit_memory();
  ++module_->core->counts.guests;
  wasmtime_context_set_epoch_deadline(context_, instantiation_ticks);
  // wasmtime's header declares an error, but the function returns nothing: the
  // value must not be read.
  static_cast<void>(
    wasmtime_context_epoch_deadline_async_yield_and_update(context_, 1));
}

wasm_guest::~wasm_guest() {
  auto& core = *module_->core;
  core.memory.change(memory_held_, 0);
  --core.counts.guests;
}

caf::error wasm_guest::instantiate() {
  if (needs_caller())
    if (auto error = await(wasmtime_instance_pre_instantiate_async(
          module_->core->caller, context_, &caller_, &trap_, &error_)))
      return error;
  if (auto error = add_guest())
    return error;
  if (auto error = add_driver())
    return error;
  if (!account_memory())
    return fail(ec::exhausted, std::string{memory_used_up});
  return {};
}

/// Limits the guest's memory to what is left in the pool. Nothing is reserved
/// up to a guest's own limit: most guests never need it, and reservations would
/// starve other guests.
void wasm_guest::limit_memory() {
  auto allowed
    = std::min(memory_limit_, memory_held_ + module_->core->memory.left());
  if (allowed == memory_allowed_)
    return;
  memory_allowed_ = allowed;
  // Guest, caller, driver, joint; the caller has a table of its own.
  wasmtime_store_limiter(store_.get(), static_cast<std::int64_t>(allowed),
                         limits::guest_table, 4, limits::guest_tables + 1, 1);
}

/// Counts the guest's memory in the pool. False: the pool is exceeded, since
/// other guests grew at the same time.
bool wasm_guest::account_memory() {
  auto size = memory();
  return size == memory_held_
         || module_->core->memory.change(std::exchange(memory_held_, size),
                                         size);
}

/// Completes an instantiation, which takes one poll: start_export runs later.
caf::error wasm_guest::await(wasmtime_call_future_t* instantiation) {
  owned_future future{instantiation};
  bool done = wasmtime_call_future_poll(future.get());
  future.reset();
  auto text = take_message(std::exchange(trap_, nullptr),
                           std::exchange(error_, nullptr));
  if (done && text.empty())
    return {};
  if (text.find("os error 12") != std::string::npos
      || text.find("Cannot allocate memory") != std::string::npos)
    return fail(ec::exhausted,
                "the node has no memory for another instance: memory or "
                "vm.max_map_count (sysctl) is used up");
  if (memory_allowed_ < memory_limit_
      && text.find("exceeds memory limits") != std::string::npos)
    return fail(ec::exhausted, std::string{memory_used_up});
  return fail(ec::bad_module,
              "the module cannot be instantiated: "
                + (text.empty() ? "its start does not end" : text));
}

caf::error wasm_guest::add_guest() {
  if (!needs_caller())
    return await(wasmtime_instance_pre_instantiate_async(
      module_->linked, context_, &guest_, &trap_, &error_));
  owned_linker linker{wasmtime_linker_clone(module_->core->guests)};
  wasmtime_linker_allow_shadowing(linker.get(), true);
  for (std::string_view name : {"cast_asm", "call_asm", "call_raw_asm"}) {
    if (name == "cast_asm" && !may_block_)
      continue;
    wasmtime_extern_t function;
    if (!find(caller_, name, function))
      return fail(ec::system_failure, "the caller module lacks an export");
    auto text = take_message(
      nullptr, wasmtime_linker_define(linker.get(), context_, "env", 3,
                                      name.data(), name.size(), &function));
    if (!text.empty())
      return fail(ec::system_failure, std::move(text));
  }
  return await(wasmtime_linker_instantiate_async(
    linker.get(), context_, module_->module, &guest_, &trap_, &error_));
}

caf::error wasm_guest::add_driver() {
  auto& core = *module_->core;
  auto linker = core.driver_linkers.acquire(core.drivers);
  wasmtime_extern_t found;
  for (auto name : driver_imports_of_guest) {
    if (!find(guest_, name, found))
      return fail(ec::bad_module,
                  "the module does not export " + std::string{name});
    auto text = take_message(
      nullptr, wasmtime_linker_define(linker.get(), context_, "guest", 5,
                                      name.data(), name.size(), &found));
    if (!text.empty())
      return fail(ec::system_failure, std::move(text));
    if (name == "memory" && found.kind == WASMTIME_EXTERN_MEMORY) {
      memory_ = found.of.memory;
      host_state_.memory = &memory_;
    }
  }
  if (auto error = await(wasmtime_linker_instantiate_async(
        linker.get(), context_, core.driver, &driver_, &trap_, &error_)))
    return error;
  if (!find(driver_, "run", found))
    return fail(ec::system_failure, "the driver module lacks an export");
  run_ = found.of.func;
  for (auto name : {"_initialize", start_export})
    if (find(guest_, name, found) && found.kind == WASMTIME_EXTERN_FUNC)
      starters_.push_back(found.of.func);
  return needs_caller() ? add_joint() : caf::error{};
}

caf::error wasm_guest::add_joint() {
  owned_linker linker{wasmtime_linker_new(module_->core->engine)};
  for (auto [name, where] :
       {std::pair{"caller", &caller_}, std::pair{"guest", &guest_}})
    if (auto* error = wasmtime_linker_define_instance(
          linker.get(), context_, name, std::strlen(name), where))
      return fail(ec::system_failure, take_message(nullptr, error));
  wasmtime_instance_t joint;
  return await(wasmtime_linker_instantiate_async(
    linker.get(), context_, module_->core->joint, &joint, &trap_, &error_));
}

// The deadline must not be set while a call is suspended: the engine moves it
// itself when it resumes a guest that yielded.
void wasm_guest::enter() {
  assert(!future_ && !trap_ && !error_);
  wasmtime_context_set_epoch_deadline(context_, 1);
  entered_ = starters_.empty() ? run_ : starters_.back();
  future_.reset(wasmtime_func_call_async(context_, &entered_, nullptr, 0,
                                         nullptr, 0, &trap_, &error_));
}

progress wasm_guest::run() noexcept {
  if (dead_)
    return progress::dead;
  if (captured_)
    return progress::captured;
  if (host_state_.waiting && !host_state_.answered)
    return progress::waiting;
  host_state_.blocked = false;
  limit_memory();
  auto* clock = module_->core->clock ? &*module_->core->clock : nullptr;
  if (clock)
    clock->enter();
  auto result = resume(clock);
  if (clock)
    clock->leave();
  if (!account_memory() && !dead_)
    result = mark_dead(std::string{memory_used_up});
  return result;
}

/// Polls the guest until it stops, or until its time slice is over.
progress wasm_guest::resume(const epoch_ticker* clock) {
  auto begin = clock ? clock->count() : 0;
  for (;;) {
    if (!future_)
      enter();
    if (!wasmtime_call_future_poll(future_.get())) {
      if (host_state_.waiting)
        return progress::waiting;
      if (host_state_.blocked)
        return progress::blocked;
      // A guest that waited has passed its deadline and yields at once, without
      // having had its time slice.
      if (clock && clock->count() != begin)
        return progress::preempted;
      continue;
    }
    future_.reset();
    if (trap_ || error_) {
      auto reason = take_fault(std::exchange(trap_, nullptr),
                               std::exchange(error_, nullptr));
      if (memory_allowed_ < memory_limit_)
        reason += "; of wasm_runtime.memory_mib, "
                  + std::to_string(module_->core->memory.left() >> 20)
                  + " MiB were left";
      return mark_dead(std::move(reason));
    }
    if (starters_.empty())
      return progress::idle;
    starters_.pop_back();
  }
}

progress wasm_guest::mark_dead(std::string reason) {
  assert(!dead_);
  dead_ = true;
  flush_lines(host_state_);
  fault_ = std::move(reason);
  return progress::dead;
}

void wasm_guest::answer(call_result result) noexcept {
  if (!host_state_.waiting || host_state_.answered)
    return;
  if (result.payload.size() > limits::payload)
    result = {event_kind::error, {}};
  host_state_.answer = std::move(result);
  host_state_.answered = true;
}

// -- state --------------------------------------------------------------------

void wasm_guest::capture(std::uint64_t max_bytes) noexcept {
  assert(!future_ && !dead_ && !captured_ && starters_.empty());
  captured_
    = capture_state(ref(), module_->initial(), module_->core->pages, max_bytes);
  if (!*captured_)
    return;
  auto& state = **captured_;
  state.lines = host_state_.lines;
  state.monotonic = read_guest_clock(host_state_, guest_clock::monotonic);
  state.captured_at = read_guest_clock(host_state_, guest_clock::realtime);
}

caf::expected<guest_state> wasm_guest::take_state() {
  assert(captured_);
  auto result = std::move(*captured_);
  captured_.reset();
  return result;
}

/// The monotonic clock goes on from where it was, as if this machine had run
/// since; it never goes back.
caf::error wasm_guest::restore(const guest_state& state) noexcept {
  assert(!future_ && !dead_);
  limit_memory();
  if (auto error = restore_state(ref(), state))
    return error;
  if (!account_memory())
    return fail(ec::exhausted, std::string{memory_used_up});
  starters_.clear();
  host_state_.lines = state.lines;
  auto now = read_guest_clock(host_state_, guest_clock::realtime);
  auto passed = now - std::min(now, state.captured_at);
  host_state_.monotonic_offset
    += state.monotonic + passed
       - read_guest_clock(host_state_, guest_clock::monotonic);
  return {};
}

} // namespace

caf::expected<std::unique_ptr<guest>>
make_wasm_guest(wasm_module_ptr module, guest_host& host,
                const guest_limits& limits) {
  auto result = std::make_unique<wasm_guest>(std::move(module), host, limits);
  if (auto error = result->instantiate())
    return error;
  return std::unique_ptr<guest>{std::move(result)};
}

} // namespace edgeless
