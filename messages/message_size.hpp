// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <caf/binary_serializer.hpp>

#include <cassert>
#include <cstddef>
#include <string>
#include <vector>

/// What keeps every message within limits::frame: lists of text are cut to a
/// total, and workflows and nodes that are too large are refused.
namespace edgeless {

/// The bytes of a value on the wire.
template <class T>
std::size_t encoded_size(const T& x) {
  std::vector<char> bytes;
  caf::binary_serializer sink{nullptr, bytes};
  [[maybe_unused]] auto error = sink(const_cast<T&>(x)); // it only reads
  assert(!error);
  return bytes.size();
}

/// Cuts texts so that they have at most `total` bytes together: each gets an
/// equal share, and what shorter ones leave.
void shorten(std::vector<std::string>& texts, std::size_t total);

/// Cuts the reasons to limits::reasons.
void shorten(std::vector<component_status>& statuses);

/// Cuts the names of labels, runtimes, classes and providers to `total` bytes;
/// the last one says how many are missing.
void shorten(domain_description& domain, std::size_t total);

/// Why a workflow cannot travel, in all the forms that it takes; empty: it can.
std::vector<std::string> size_faults(const workflow_spec& spec);

/// Why a node cannot be a member; "": it can.
std::string size_fault(const node_description& node);

} // namespace edgeless
