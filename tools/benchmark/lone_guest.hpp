// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/guest.hpp"
#include "runtime/wasm_engine.hpp"

#include <memory>
#include <optional>
#include <string>

namespace edgeless::benchmark {

/// A guest without a node: it handles the same event again and again.
class lone_guest {
public:
  lone_guest(guest_engine& engine, const std::string& module, std::string init);
  ~lone_guest();

  /// The seconds per event of so many; nothing if it does not run.
  std::optional<double> handle(int count, const std::string& payload);

  /// What it cast last, wherever to.
  const std::string& said() const;

  std::string fault() const;

private:
  struct patient_host;

  bool settle();

  std::unique_ptr<patient_host> host_;
  std::unique_ptr<guest> guest_;
  bool good_ = false;
};

} // namespace edgeless::benchmark
