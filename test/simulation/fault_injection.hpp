// SPDX-License-Identifier: MIT
#pragma once

#include <span>

namespace edgeless::test {

class cluster;

enum class severity {
  /// Both ends of every channel survive: no event of a stream may be lost,
  /// duplicated or out of order.
  recoverable,
  /// Nodes or sessions end, and with them what they had under way.
  destructive,
};

/// One kind of fault, or of action of a client.
struct fault {
  const char* name;
  test::severity severity;
  void (*inject)(cluster& x);
  /// Whether it may be the last fault of a run. Then it does not start or stop
  /// workflows, and breaks nothing that stays broken.
  bool may_be_last = false;
};

/// All of them. One that is listed twice is drawn twice as often.
std::span<const fault> faults();

/// Draws a fault, and lets up to three seconds pass.
void inject_fault(cluster& x);

/// Repairs everything, waits until back-offs and timeouts have run out, injects
/// one more fault, and waits for two keep-alive periods.
void inject_last_fault(cluster& x);

} // namespace edgeless::test
