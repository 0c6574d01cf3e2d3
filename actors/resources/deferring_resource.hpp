// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

namespace edgeless {

/// A resource that begins each event of a batch, and finishes it later, when a
/// server outside has answered.
class deferring_resource : public resource {
public:
  void set_outlet(outlet_ptr x) override {
    out_ = std::move(x);
  }

  std::size_t capacity() const override {
    return limits::deferred_events;
  }

  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    outcome result;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      auto ticket = ++last_ticket_;
      if (auto problem = start(batch[i], ticket)) {
        ++result.failed;
        result.problem = std::move(problem);
        result.answers[i] = std::nullopt;
      } else {
        result.deferred[i] = ticket;
      }
    }
    return result;
  }

protected:
  const outlet_ptr& out() const {
    return out_;
  }

private:
  /// Begins an event, which outlet::finish() ends with that ticket, on any
  /// thread. An error: it has not begun.
  virtual caf::error start(const event& x, std::uint64_t ticket) = 0;

  outlet_ptr out_;
  std::uint64_t last_ticket_ = 0;
};

} // namespace edgeless
