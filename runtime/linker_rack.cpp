// SPDX-License-Identifier: MIT
#include "runtime/linker_rack.hpp"

#include <wasmtime.h>

namespace edgeless {

linker_rack::~linker_rack() {
  for (auto* x : spare_)
    wasmtime_linker_delete(x);
}

linker_rack::lent linker_rack::lend(const wasmtime_linker* model) {
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

void linker_rack::take_back(wasmtime_linker* x) {
  std::lock_guard guard{mutex_};
  spare_.push_back(x);
}

} // namespace edgeless
