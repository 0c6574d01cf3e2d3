// SPDX-License-Identifier: MIT
#pragma once

namespace edgeless {

/// From now on this process, which must have one thread, may compute, use the
/// memory it has and get some more, sleep, ring `bell` and end. Whatever else
/// it asks of the system kills it: no files, no network, no new code, no other
/// process. There is no way back. False if the system cannot do that.
bool confine_to_computing(int wakeup);

} // namespace edgeless
