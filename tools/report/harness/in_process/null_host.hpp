// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/guest.hpp"

namespace edgeless::benchmark {

/// Accepts all requests of a guest and discards them.
struct null_host : guest_host {
  void done(call_result) noexcept override {
    // nop
  }
  bool cast(std::string_view, std::string_view) noexcept override {
    return true;
  }
  void cast(const instance_id&, std::string_view) noexcept override {
    // nop
  }
  std::optional<caf::expected<call_result>>
  call(std::string_view, std::string_view) noexcept override {
    return call_result{event_kind::error, {}};
  }
  std::optional<caf::expected<call_result>>
  call(const instance_id&, std::string_view) noexcept override {
    return call_result{event_kind::error, {}};
  }
  caf::error delayed_cast(std::chrono::milliseconds, std::string_view,
                          std::string_view) noexcept override {
    return caf::none;
  }
  bool sleep(std::chrono::nanoseconds) noexcept override {
    return false;
  }
  void log(std::uint32_t, std::string_view,
           std::string_view) noexcept override {
    // nop
  }
  instance_id self() const noexcept override {
    return {};
  }
  caf::error sync(std::string_view) noexcept override {
    return caf::none;
  }
};

} // namespace edgeless::benchmark
