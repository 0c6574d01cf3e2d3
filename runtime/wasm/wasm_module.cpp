// SPDX-License-Identifier: MIT
#include "runtime/wasm/wasm_module.hpp"

#include "runtime/wasm/engine_config.hpp"
#include "runtime/wasm/owned.hpp"

#include "messages/errors.hpp"

#include <wasmtime.h>

namespace edgeless {

/// An instance that never runs: it shows its initial memory.
struct wasm_module::never_run {
  explicit never_run(const wasm_module& x)
    : store{wasmtime_store_new(x.core->engine, nullptr, nullptr)} {
    auto* context = wasmtime_store_context(store.get());
    owned<wasmtime_linker_t, wasmtime_linker_delete> linker{
      wasmtime_linker_new(x.core->engine)};
    if (!take_message(nullptr, wasmtime_linker_define_unknown_imports_as_traps(
                                 linker.get(), x.module))
           .empty())
      return;
    wasmtime_context_set_epoch_deadline(context, 1);
    wasmtime_instance_t instance;
    wasm_trap_t* trap = nullptr;
    wasmtime_error_t* error = nullptr;
    owned<wasmtime_call_future_t, wasmtime_call_future_delete> future{
      wasmtime_linker_instantiate_async(linker.get(), context, x.module,
                                        &instance, &trap, &error)};
    // One poll is enough: no code of the guest runs.
    auto done = wasmtime_call_future_poll(future.get());
    future.reset();
    auto text = take_message(trap, error);
    wasmtime_extern_t memory;
    if (!done || !text.empty()
        || !wasmtime_instance_export_get(context, &instance, "memory", 6,
                                         &memory)
        || memory.kind != WASMTIME_EXTERN_MEMORY)
      return;
    bytes = {reinterpret_cast<const char*>(
               wasmtime_memory_data(context, &memory.of.memory)),
             wasmtime_memory_data_size(context, &memory.of.memory)};
  }

  owned<wasmtime_store_t, wasmtime_store_delete> store;
  std::span<const char> bytes{};
};

wasm_module::wasm_module(engine_core_ptr core, wasmtime_module* module,
                         wasmtime_instance_pre* linked)
  : core{std::move(core)}, module{module}, linked{linked} {
  // nop
}

wasm_module::~wasm_module() {
  initial_.reset();
  if (linked)
    wasmtime_instance_pre_delete(linked);
  wasmtime_module_delete(module);
}

std::span<const char> wasm_module::initial() const {
  std::lock_guard guard{mutex_};
  if (!initial_)
    initial_ = std::make_unique<never_run>(*this);
  return initial_->bytes;
}

namespace {

class wasm_class final : public guest_class {
public:
  explicit wasm_class(wasm_module_ptr module) : module_{std::move(module)} {
    // nop
  }

  caf::expected<std::unique_ptr<guest>>
  instantiate(guest_host& host, const guest_limits& limits) override {
    return make_wasm_guest(module_, host, limits);
  }

private:
  wasm_module_ptr module_;
};

/// Makes a class of the module that `load(engine, module)` deserializes.
template <class Load>
caf::expected<guest_class_ptr> make_class(engine_core_ptr core, Load load) {
  wasmtime_module_t* module = nullptr;
  wasmtime_instance_pre_t* linked = nullptr;
  auto text = take_message(nullptr, load(core->engine, &module));
  if (!text.empty())
    return fail(ec::system_failure,
                "the compiled module cannot be loaded: " + text);
  // Fails for modules that import what only caller.wat exports.
  take_message(nullptr,
               wasmtime_linker_instantiate_pre(core->guests, module, &linked));
  auto made
    = std::make_shared<const wasm_module>(std::move(core), module, linked);
  return guest_class_ptr{std::make_shared<wasm_class>(std::move(made))};
}

} // namespace

caf::expected<guest_class_ptr> load_class(engine_core_ptr core,
                                          std::string_view compiled) {
  return make_class(std::move(core), [&](auto* engine, auto** module) {
    return wasmtime_module_deserialize(
      engine, reinterpret_cast<const std::uint8_t*>(compiled.data()),
      compiled.size(), module);
  });
}

caf::expected<guest_class_ptr> load_class_file(engine_core_ptr core,
                                               const std::string& file) {
  return make_class(std::move(core), [&](auto* engine, auto** module) {
    return wasmtime_module_deserialize_file(engine, file.c_str(), module);
  });
}

} // namespace edgeless
