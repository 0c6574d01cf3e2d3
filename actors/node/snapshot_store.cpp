// SPDX-License-Identifier: MIT
#include "actors/node/snapshot_store.hpp"

#include <cassert>

namespace edgeless {

namespace {

caf::error no_room_for_state() {
  return fail(ec::exhausted, "the node has no room for another state: "
                             "functions that migrate need it");
}

} // namespace

snapshot_store::entry* snapshot_store::reserve(const physical_id& instance,
                                               std::size_t size) {
  if (size > max_bytes_ - reserved_)
    return nullptr;
  reserved_ += size;
  auto& x = entries_[instance];
  x.reserved = size;
  return &x;
}

caf::expected<state_part> snapshot_store::put(const physical_id& instance,
                                              std::string snapshot) {
  erase(instance);
  state_part first{snapshot.size(), 0, {}};
  if (snapshot.size() <= limits::state) {
    first.bytes = std::move(snapshot);
    return first;
  }
  auto* x = reserve(instance, snapshot.size());
  if (x == nullptr)
    return no_room_for_state();
  first.bytes = snapshot.substr(0, limits::state);
  x->bytes = std::move(snapshot);
  return first;
}

caf::expected<state_part> snapshot_store::read(const physical_id& instance,
                                               std::uint64_t offset) const {
  auto i = entries_.find(instance);
  if (i == entries_.end() || offset > i->second.bytes.size())
    return fail(ec::unknown_instance, "no state of that instance waits here");
  auto& bytes = i->second.bytes;
  return state_part{bytes.size(), offset, bytes.substr(offset, limits::state)};
}

caf::error snapshot_store::append(const physical_id& instance,
                                  const state_part& part) {
  if (part.offset == 0)
    erase(instance);
  auto i = entries_.find(instance);
  auto before = i == entries_.end() ? 0 : i->second.bytes.size();
  if (part.offset != before || part.size > limits::snapshot
      || part.bytes.size() > part.size - part.offset
      || (before > 0 && part.size != i->second.reserved))
    return fail(ec::bad_input, "this is not the next part of the state");
  auto* x = before > 0 ? &i->second : reserve(instance, part.size);
  if (x == nullptr)
    return no_room_for_state();
  x->bytes += part.bytes;
  return {};
}

std::string snapshot_store::take(const physical_id& instance) {
  auto found = entries_.extract(instance);
  if (!found)
    return {};
  assert(reserved_ >= found.mapped().reserved);
  reserved_ -= found.mapped().reserved;
  return std::move(found.mapped().bytes);
}

} // namespace edgeless
