// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/backoff.hpp"

#include "messages/limits.hpp"

#include <chrono>
#include <cstdint>

namespace edgeless {

/// How often in a row the node of a component was lost soon after the component
/// was started there: the component may be the cause, for example because it
/// takes all memory. One such loss is an accident; later ones have
/// consequences, so that a component does not take down one node after the
/// other. A value without a clock.
class loss_record {
public:
  enum class consequence {
    none,      ///< it is placed again at once
    back_off,  ///< ... after pause()
    isolate,   ///< ... and a function gets a process of its own
    quarantine ///< it is not placed for limits::quarantine
  };

  /// The node was lost so long after the start of the instance.
  consequence on_lost(std::chrono::nanoseconds after) {
    if (after >= limits::quick_loss) {
      clear();
      return consequence::none;
    }
    ++losses_;
    if (losses_ < 2)
      return consequence::none;
    if (losses_ >= limits::losses_to_quarantine) {
      pause_ = limits::quarantine;
      return consequence::quarantine;
    }
    pause_ = pauses_.fail();
    return losses_ >= limits::losses_to_isolate ? consequence::isolate
                                                : consequence::back_off;
  }

  /// The node was only away: the instance still runs.
  void clear() {
    losses_ = 0;
    pauses_.reset();
  }

  std::uint32_t losses() const {
    return losses_;
  }
  /// The pause before it is placed again.
  std::chrono::nanoseconds pause() const {
    return pause_;
  }
  bool is_to_be_isolated() const {
    return losses_ >= limits::losses_to_isolate;
  }

private:
  std::uint32_t losses_ = 0;
  backoff pauses_{std::chrono::seconds{1}, limits::back_off_max};
  std::chrono::nanoseconds pause_{0};
};

} // namespace edgeless
