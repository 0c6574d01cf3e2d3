// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <mutex>
#include <vector>

struct wasmtime_linker;

namespace edgeless {

/// Copies of a linker, each lent to one guest at a time: making one takes a
/// sixth of what an instance takes. Whoever gets one finds what others have
/// defined in it, which is of no use to him: he defines all of it anew. Safe
/// from any thread.
class linker_pool {
public:
  linker_pool() = default;
  linker_pool(const linker_pool&) = delete;
  linker_pool& operator=(const linker_pool&) = delete;
  ~linker_pool();

  struct giving_back {
    linker_pool* rack;
    void operator()(wasmtime_linker* x) const {
      rack->take_back(x);
    }
  };
  using lent = std::unique_ptr<wasmtime_linker, giving_back>;

  /// A copy of `model`, which must be the same for all.
  lent lend(const wasmtime_linker* model);

private:
  void take_back(wasmtime_linker* x);

  std::mutex mutex_;
  /// As many as have ever been in use at once: one for each thread.
  std::vector<wasmtime_linker*> spare_;
};

} // namespace edgeless
