// SPDX-License-Identifier: MIT
#include "runtime/modules/module_store.hpp"

#include "runtime/base/sha256.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <cassert>

namespace edgeless {

namespace {

/// Overhead of a module in bytes, so that many small ones are bounded, too.
constexpr std::size_t item_overhead = 256;

} // namespace

bool module_store::has(const code_id& code) const {
  auto i = items_.find(code);
  return i != items_.end() && i->second.whole;
}

const std::string* module_store::whole(const code_id& code) const {
  auto i = items_.find(code);
  return i != items_.end() && i->second.whole ? &i->second.bytes : nullptr;
}

std::uint64_t module_store::progress(const code_id& code) const {
  auto i = items_.find(code);
  return i == items_.end() ? 0 : i->second.bytes.size();
}

caf::expected<std::uint64_t> module_store::add(const code_part& part) {
  if (part.code.size() != 64 || part.size == 0 || part.size > limits::module
      || part.bytes.size() > limits::part)
    return fail(ec::bad_input, "a part of a module is out of bounds");
  auto i = items_.find(part.code);
  auto here = i == items_.end() ? 0 : i->second.bytes.size();
  if (i != items_.end() && i->second.whole)
    return i->second.size;
  if (part.offset != here || (i != items_.end() && part.size != i->second.size))
    return std::uint64_t{here};
  auto cost = part.bytes.size() + (i == items_.end() ? item_overhead : 0);
  if (bytes_ + cost > max_bytes_)
    return fail(ec::exhausted, "the module store is full");
  if (part.bytes.empty() || here + part.bytes.size() > part.size)
    return fail(ec::bad_input, "a part of a module is out of bounds");
  bytes_ += cost;
  auto& x = items_[part.code];
  x.size = part.size;
  x.bytes += part.bytes;
  assert(x.bytes.size() <= x.size && !x.whole);
  assert(bytes_ <= max_bytes_);
  if (x.bytes.size() < x.size)
    return std::uint64_t{x.bytes.size()};
  if (sha256(x.bytes) != part.code) {
    assert(bytes_ >= x.bytes.size() + item_overhead);
    bytes_ -= x.bytes.size() + item_overhead;
    items_.erase(part.code);
    return fail(ec::bad_input, "module " + part.code + " arrived damaged");
  }
  x.whole = true;
  return x.size;
}

caf::expected<code_part> module_store::part(const code_id& code,
                                            std::uint64_t offset) const {
  auto i = items_.find(code);
  if (i == items_.end() || !i->second.whole)
    return fail(ec::unknown_code,
                "module " + code + " is not here or not complete");
  auto& x = i->second;
  if (offset >= x.size)
    return fail(ec::bad_input, "module " + code + " ends before that offset");
  return code_part{code, x.size, offset, x.bytes.substr(offset, limits::part)};
}

void module_store::keep(const std::function<bool(const code_id&)>& needed) {
  std::erase_if(items_, [&](const auto& entry) {
    if (needed(entry.first))
      return false;
    assert(bytes_ >= entry.second.bytes.size() + item_overhead);
    bytes_ -= entry.second.bytes.size() + item_overhead;
    return true;
  });
  assert(!items_.empty() || bytes_ == 0);
}

} // namespace edgeless
