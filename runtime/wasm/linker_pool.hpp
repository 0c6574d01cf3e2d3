// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <mutex>
#include <vector>

struct wasmtime_linker;

namespace edgeless {

/// Copies of a linker for instantiations, one at a time each: a new copy costs
/// a sixth of an instantiation. A copy still has the definitions of its
/// previous user, so each user defines all its names again. Any number of
/// threads.
class linker_pool {
public:
  linker_pool() = default;
  linker_pool(const linker_pool&) = delete;
  linker_pool& operator=(const linker_pool&) = delete;
  ~linker_pool();

  struct releaser {
    linker_pool* pool;
    void operator()(wasmtime_linker* x) const {
      pool->release(x);
    }
  };
  using handle = std::unique_ptr<wasmtime_linker, releaser>;

  /// A copy of `model`, which must be the same linker in all calls.
  handle acquire(const wasmtime_linker* model);

private:
  void release(wasmtime_linker* x);

  std::mutex mutex_;
  /// As many copies as have been in use at once: at most one per thread.
  std::vector<wasmtime_linker*> spare_;
};

} // namespace edgeless
