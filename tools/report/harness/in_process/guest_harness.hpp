// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/engine.hpp"
#include "runtime/wasm/guest.hpp"

#include <memory>
#include <optional>
#include <string>

namespace edgeless::benchmark {

/// Runs a guest without a node: it handles the same event repeatedly.
class guest_harness {
public:
  guest_harness(guest_engine& engine, const std::string& module,
                std::string init);
  ~guest_harness();

  /// Seconds per event; nothing if the guest has failed.
  std::optional<double> handle(int count, const std::string& payload);

  /// The payload of its last cast, on any output.
  const std::string& last_cast() const;

  std::string fault() const;

private:
  struct waiting_host;

  /// Runs the guest until it is idle; false if it fails.
  bool run_until_idle();

  std::unique_ptr<waiting_host> host_;
  std::unique_ptr<guest> guest_;
  bool is_running_ = false;
};

} // namespace edgeless::benchmark
