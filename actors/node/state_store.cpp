// SPDX-License-Identifier: MIT
#include "actors/node/state_store.hpp"

#include "messages/workflow.hpp"

#include <cassert>

namespace edgeless {

bool state_store::put(const logical_id& component, const std::string& state) {
  erase(component);
  if (bytes_ + state.size() > max_bytes_)
    return false;
  states_.emplace(component, state);
  bytes_ += state.size();
  assert(bytes_ <= max_bytes_);
  return true;
}

void state_store::erase(const logical_id& component) {
  if (auto state = states_.extract(component)) {
    assert(bytes_ >= state.mapped().size());
    bytes_ -= state.mapped().size();
  }
  assert(!states_.empty() || bytes_ == 0);
}

const std::string* state_store::find(const logical_id& component) const {
  auto i = states_.find(component);
  return i == states_.end() ? nullptr : &i->second;
}

std::uint64_t state_store::fingerprint(const logical_id& component) const {
  auto* state = find(component);
  return state == nullptr ? 0 : fingerprint_of_state(*state);
}

} // namespace edgeless
