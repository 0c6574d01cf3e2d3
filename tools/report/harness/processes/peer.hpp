// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/harness/processes/child.hpp"

#include "messages/event.hpp"

#include <cstdint>
#include <utility>

namespace edgeless::benchmark {

/// The function of a peer: burst.wat, which casts to `out`.
struct peer_task {
  instance_id self;
  endpoint out;
  std::uint32_t every = 0;
  std::uint32_t burst = 0;
  std::uint32_t size = 0;
  /// The folder of the certificate authority; empty: no encryption.
  std::filesystem::path certificates{};
};

/// A node with one function in a child process.
class peer {
public:
  static caf::expected<std::unique_ptr<peer>>
  spawn(const std::filesystem::path& cache, const peer_task& task);

  /// The endpoint of its function.
  const endpoint& target() const {
    return target_;
  }

  /// Stops it; the numbers of events that it has handled and dropped.
  std::pair<std::uint64_t, std::uint64_t> stop();

private:
  std::unique_ptr<child> process_;
  endpoint target_;
};

} // namespace edgeless::benchmark
