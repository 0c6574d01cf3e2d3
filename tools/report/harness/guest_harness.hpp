// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/engine.hpp"
#include "runtime/wasm/guest.hpp"

#include <memory>
#include <optional>
#include <string>

namespace edgeless::benchmark {

/// A guest without a node: it handles the same event again and again.
class guest_harness {
public:
  guest_harness(guest_engine& engine, const std::string& module,
                std::string init);
  ~guest_harness();

  /// The seconds per event of so many; nothing if it does not run.
  std::optional<double> handle(int count, const std::string& payload);

  /// What it cast last, wherever to.
  const std::string& said() const;

  std::string fault() const;

private:
  struct waiting_host;

  bool settle();

  std::unique_ptr<waiting_host> host_;
  std::unique_ptr<guest> guest_;
  bool good_ = false;
};

} // namespace edgeless::benchmark
