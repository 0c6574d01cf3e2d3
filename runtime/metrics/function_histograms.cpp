// SPDX-License-Identifier: MIT
#include "runtime/metrics/function_histograms.hpp"

#include "messages/limits.hpp"

#include <cassert>

namespace edgeless {

function_histogram_ptr function_histograms::open(const physical_id& instance,
                                                 const std::string& type,
                                                 const std::string& class_id) {
  std::lock_guard guard{mutex_};
  auto& x = entries_[instance];
  if (x.histogram)
    return x.histogram;
  x.is_own = own_ < limits::function_series;
  if (x.is_own) {
    ++own_;
    assert(own_ <= limits::function_series);
    x.histogram = std::make_shared<function_histogram>();
    x.histogram->function_id = to_string(instance);
    x.histogram->function_type = type;
    x.histogram->class_id = class_id;
    return x.histogram;
  }
  auto& shared = shared_[type];
  if (!shared) {
    shared = std::make_shared<function_histogram>();
    shared->function_id = "other";
    shared->function_type = type;
  }
  x.histogram = shared;
  return shared;
}

void function_histograms::close(const physical_id& instance) {
  std::lock_guard guard{mutex_};
  auto i = entries_.find(instance);
  if (i == entries_.end())
    return;
  assert(own_ >= std::size_t{i->second.is_own});
  own_ -= i->second.is_own;
  entries_.erase(i);
}

function_histograms::reading function_histograms::read() const {
  reading result;
  std::lock_guard guard{mutex_};
  for (auto& [id, x] : entries_) {
    ++result.running[x.histogram->function_type];
    if (x.is_own)
      result.histograms.push_back(x.histogram);
    else
      ++result.sharing;
  }
  for (auto& [type, x] : shared_)
    result.histograms.push_back(x);
  return result;
}

} // namespace edgeless
