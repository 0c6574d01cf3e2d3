// SPDX-License-Identifier: MIT
#include "runtime/wasm/linker_pool.hpp"

#include <wasmtime.h>

namespace edgeless {

linker_pool::~linker_pool() {
  for (auto* x : spare_)
    wasmtime_linker_delete(x);
}

linker_pool::handle linker_pool::acquire(const wasmtime_linker* model) {
  {
    std::lock_guard guard{mutex_};
    if (!spare_.empty()) {
      auto* x = spare_.back();
      spare_.pop_back();
      return {x, {this}};
    }
  }
  auto* x = wasmtime_linker_clone(model);
  wasmtime_linker_allow_shadowing(x, true);
  return {x, {this}};
}

void linker_pool::release(wasmtime_linker* x) {
  std::lock_guard guard{mutex_};
  spare_.push_back(x);
}

} // namespace edgeless
