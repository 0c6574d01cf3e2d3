// SPDX-License-Identifier: MIT
#include "runtime/wasm/engine_config.hpp"
#include "runtime/wasm/wasm_guest.hpp"

#include "messages/errors.hpp"

#include <wasmtime.h>

namespace edgeless {

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

} // namespace

wasm_module::~wasm_module() {
  if (linked)
    wasmtime_instance_pre_delete(linked);
  if (module)
    wasmtime_module_delete(module);
}

namespace {

caf::expected<guest_class_ptr> finish(std::shared_ptr<wasm_module> made,
                                      wasmtime_error_t* problem) {
  auto text = take_message(nullptr, problem);
  if (!text.empty())
    return fail(ec::system_failure,
                "the compiled module cannot be loaded: " + text);
  if (auto* error = wasmtime_linker_instantiate_pre(
        made->core->guests, made->module, &made->linked))
    wasmtime_error_delete(error);
  return guest_class_ptr{std::make_shared<wasm_class>(std::move(made))};
}

} // namespace

caf::expected<guest_class_ptr> load_class(engine_core_ptr core,
                                          std::string_view compiled) {
  auto result = std::make_shared<wasm_module>(std::move(core));
  auto* bytes = reinterpret_cast<const std::uint8_t*>(compiled.data());
  auto* problem = wasmtime_module_deserialize(result->core->engine, bytes,
                                              compiled.size(), &result->module);
  return finish(std::move(result), problem);
}

caf::expected<guest_class_ptr> load_class_file(engine_core_ptr core,
                                               const std::string& file) {
  auto result = std::make_shared<wasm_module>(std::move(core));
  auto* problem = wasmtime_module_deserialize_file(
    result->core->engine, file.c_str(), &result->module);
  return finish(std::move(result), problem);
}

} // namespace edgeless
