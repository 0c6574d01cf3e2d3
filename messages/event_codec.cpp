// SPDX-License-Identifier: MIT
#include "messages/event_codec.hpp"

#include "messages/limits.hpp"

#include <caf/deserializer.hpp>
#include <caf/sec.hpp>
#include <caf/serializer.hpp>

#include <algorithm>
#include <bit>
#include <cstring>

namespace edgeless {

static_assert(std::endian::native == std::endian::little,
              "numbers in a block are little-endian");

namespace {

/// The first byte of a fragment: its kind, and which optional parts follow.
enum flag : std::uint8_t {
  kind_bits = 0x0F,
  more_follows = 0x10,
  is_forwarded = 0x20,
  same_route = 0x40,
  has_extras = 0x80,
};

/// The size of the shortest fragment: the route of the one before, no extras,
/// no payload.
constexpr std::size_t min_fragment_bytes = 13;

/// A bit in the size of a payload: it travels behind the block.
constexpr std::uint32_t travels_behind = 1u << 31;

template <class T>
void put(std::string& out, const T& x) {
  static_assert(std::is_trivially_copyable_v<T>);
  out.append(reinterpret_cast<const char*>(&x), sizeof(x));
}

bool has_same_route(const fragment& x, const fragment& y) {
  return x.target == y.target && x.content.source == y.content.source
         && x.content.source_component == y.content.source_component;
}

bool needs_extras(const fragment& x) {
  auto& content = x.content;
  return (content.call | content.trace | content.after | content.stream
          | content.number)
           != 0
         || !x.source_url.empty();
}

void put_fragment(std::string& out, const fragment& x, const fragment* before) {
  auto& content = x.content;
  auto follows = before != nullptr && has_same_route(x, *before);
  auto extras = needs_extras(x);
  auto first = static_cast<std::uint8_t>(content.kind);
  first |= x.more ? more_follows : 0;
  first |= content.forwarded ? is_forwarded : 0;
  first |= follows ? same_route : 0;
  first |= extras ? has_extras : 0;
  put(out, first);
  put(out, content.created);
  if (!follows) {
    put(out, x.target);
    put(out, content.source);
    put(out, content.source_component);
  }
  if (extras) {
    for (auto number : {content.call, content.trace, content.after,
                        content.stream, content.number})
      put(out, number);
    put(out, static_cast<std::uint16_t>(x.source_url.size()));
    out += x.source_url;
  }
  auto size = static_cast<std::uint32_t>(content.payload.size());
  if (size > payload_in_block) {
    put(out, size | travels_behind);
  } else {
    put(out, size);
    out += content.payload;
  }
}

} // namespace

std::string pack(const std::vector<fragment>& fragments) {
  std::size_t size = 0;
  for (auto& x : fragments)
    size += 32 + std::min(x.content.payload.size(), payload_in_block);
  std::string result;
  result.reserve(size + 128);
  const fragment* before = nullptr;
  for (auto& x : fragments) {
    put_fragment(result, x, before);
    before = &x;
  }
  return result;
}

template <class T>
bool fragment_reader::read(T& x) {
  if (rest_.size() < sizeof(x))
    return false;
  std::memcpy(&x, rest_.data(), sizeof(x));
  rest_.remove_prefix(sizeof(x));
  return true;
}

bool fragment_reader::read_route() {
  has_route_ = read(route_.target) && read(route_.source)
               && read(route_.source_component);
  return has_route_;
}

bool fragment_reader::read_extras(fragment& x) {
  auto& content = x.content;
  for (auto* number : {&content.call, &content.trace, &content.after,
                       &content.stream, &content.number})
    if (!read(*number))
      return false;
  std::uint16_t size = 0;
  if (!read(size) || rest_.size() < size)
    return false;
  x.source_url = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

bool fragment_reader::next(fragment& x) {
  if (rest_.empty() || !well_formed_)
    return false;
  well_formed_ = read_fragment(x);
  return well_formed_;
}

bool fragment_reader::read_fragment(fragment& x) {
  std::uint8_t first = 0;
  if (!read(first) || !read(x.content.created))
    return false;
  auto kind = first & kind_bits;
  if (kind > static_cast<std::uint8_t>(last_event_kind)
      || (first & same_route && !has_route_)
      || (!(first & same_route) && !read_route())
      || (first & has_extras && !read_extras(x)))
    return false;
  x.more = first & more_follows;
  x.target = route_.target;
  x.content.source = route_.source;
  x.content.source_component = route_.source_component;
  x.content.kind = static_cast<event_kind>(kind);
  x.content.forwarded = first & is_forwarded;
  std::uint32_t size = 0;
  if (!read(size))
    return false;
  payload_is_behind_ = size & travels_behind;
  payload_ = rest_.substr(0, payload_is_behind_ ? 0 : size);
  rest_.remove_prefix(payload_.size());
  return payload_is_behind_ || payload_.size() == size;
}

// -- CAF's inspection ---------------------------------------------------------

caf::error inspect(caf::serializer& f, batch& x) {
  auto block = pack(x.fragments);
  if (auto error = f(x.first, block))
    return error;
  for (auto& y : x.fragments)
    if (y.content.payload.size() > payload_in_block)
      if (auto error = f(y.content.payload))
        return error;
  return caf::none;
}

caf::error inspect(caf::deserializer& f, batch& x) {
  std::string block;
  if (auto error = f(x.first, block))
    return error;
  x.fragments.clear();
  x.fragments.reserve(
    std::min(block.size() / min_fragment_bytes + 1, limits::batch_events));
  fragment_reader in{block};
  for (fragment next; in.next(next); next = {}) {
    if (!in.is_payload_behind())
      next.content.payload = in.payload();
    else if (auto error = f(next.content.payload))
      return error;
    x.fragments.push_back(std::move(next));
  }
  return in.done() ? caf::none : caf::error{caf::sec::invalid_argument};
}

} // namespace edgeless
