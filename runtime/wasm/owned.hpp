// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

namespace edgeless {

template <auto Delete>
struct deleter {
  void operator()(auto* object) const {
    Delete(object);
  }
};

/// Owns an object of the engine's C API.
template <class T, auto Delete>
using owned = std::unique_ptr<T, deleter<Delete>>;

} // namespace edgeless
