// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

/// The memory that this process may use: a container has less than its machine.
namespace edgeless {

/// A memory limit of a control group, in bytes.
struct memory_limit {
  std::uint64_t total = 0;
  std::uint64_t used = 0;      ///< with page cache
  std::uint64_t available = 0; ///< what can still be allocated

  friend bool operator==(const memory_limit&, const memory_limit&) = default;
};

/// The tightest limit of the control groups that this process is in, version 1
/// or 2, up to the root; nullopt: there is none. `root`: where /proc and /sys
/// are.
std::optional<memory_limit>
control_group_limit(const std::filesystem::path& root = "/");

/// The memory of this machine or of its control group, whichever is lower, in
/// bytes.
std::uint64_t usable_memory(const std::filesystem::path& root = "/");

/// The part of `usable` bytes for the linear memory of guests: the node needs
/// the rest for itself, and for the events that wait.
std::uint64_t memory_for_guests(std::uint64_t usable);

} // namespace edgeless
