// SPDX-License-Identifier: MIT
#include "runtime/wasm/engine_core.hpp"

#include "runtime/wasm/engine_config.hpp"
#include "runtime/wasm/imports.hpp"
#include "runtime/wasm/owned.hpp"

#include "messages/errors.hpp"

#include <wasmtime.h>

#include <span>

namespace edgeless {

namespace {

constexpr unsigned char driver_bytes[] = {
#include "runtime/driver.wasm.inc"
};

constexpr unsigned char caller_bytes[] = {
#include "runtime/caller.wasm.inc"
};

constexpr unsigned char joint_bytes[] = {
#include "runtime/joint.wasm.inc"
};

caf::error cannot_start(std::string reason) {
  return fail(ec::system_failure,
              "the WebAssembly engine cannot start: " + std::move(reason));
}

} // namespace

engine_core::~engine_core() {
  clock.reset();
  if (caller)
    wasmtime_instance_pre_delete(caller);
  if (joint)
    wasmtime_module_delete(joint);
  if (driver)
    wasmtime_module_delete(driver);
  if (drivers)
    wasmtime_linker_delete(drivers);
  if (guests)
    wasmtime_linker_delete(guests);
  if (engine)
    wasm_engine_delete(engine);
}

caf::expected<engine_core_ptr>
engine_core::make(checks what, std::chrono::milliseconds time_slice,
                  std::uint64_t total_memory) {
  auto core = std::make_shared<engine_core>(total_memory);
  if (auto error = core->prepare(what))
    return error;
  if (what == checks::interruption)
    core->clock.emplace(time_slice, [engine = core->engine] {
      wasmtime_engine_increment_epoch(engine);
    });
  return core;
}

caf::error engine_core::prepare(checks what) {
  engine = new_engine(what);
  guests = wasmtime_linker_new(engine);
  drivers = wasmtime_linker_new(engine);
  if (!define_imports(guests, env_imports())
      || !define_imports(guests, wasi_imports())
      || !define_suspending_imports(guests, wasi_sleep_imports())
      || !define_imports(drivers, driver_imports())
      || !define_suspending_imports(drivers, call_imports()))
    return cannot_start("an import is defined twice");
  auto compile
    = [this](std::span<const unsigned char> bytes, wasmtime_module_t** result) {
        return take_message(nullptr, wasmtime_module_new(engine, bytes.data(),
                                                         bytes.size(), result));
      };
  if (auto text = compile(driver_bytes, &driver); !text.empty())
    return cannot_start(std::move(text));
  if (auto text = compile(joint_bytes, &joint); !text.empty())
    return cannot_start(std::move(text));
  wasmtime_module_t* module = nullptr;
  if (auto text = compile(caller_bytes, &module); !text.empty())
    return cannot_start(std::move(text));
  owned<wasmtime_module_t, wasmtime_module_delete> guard{module};
  if (auto text = take_message(
        nullptr, wasmtime_linker_instantiate_pre(drivers, module, &caller));
      !text.empty())
    return cannot_start(std::move(text));
  return {};
}

} // namespace edgeless
