// SPDX-License-Identifier: MIT
#include "runtime/function_meters.hpp"

#include "messages/limits.hpp"

namespace edgeless {

function_meter_ptr function_meters::open(const physical_id& instance,
                                         const std::string& type) {
  std::lock_guard guard{mutex_};
  auto& x = entries_[instance];
  if (x.meter)
    return x.meter;
  x.own = own_ < limits::function_series;
  if (x.own) {
    ++own_;
    x.meter = std::make_shared<function_meter>();
    x.meter->function_id = to_string(instance);
    x.meter->function_type = type;
    return x.meter;
  }
  auto& shared = shared_[type];
  if (!shared) {
    shared = std::make_shared<function_meter>();
    shared->function_id = "other";
    shared->function_type = type;
  }
  x.meter = shared;
  return shared;
}

void function_meters::close(const physical_id& instance) {
  std::lock_guard guard{mutex_};
  auto i = entries_.find(instance);
  if (i == entries_.end())
    return;
  own_ -= i->second.own;
  entries_.erase(i);
}

function_meters::reading function_meters::read() const {
  reading result;
  std::lock_guard guard{mutex_};
  for (auto& [id, x] : entries_) {
    ++result.running[x.meter->function_type];
    if (x.own)
      result.meters.push_back(x.meter);
    else
      ++result.sharing;
  }
  for (auto& [type, x] : shared_)
    result.meters.push_back(x);
  return result;
}

} // namespace edgeless
