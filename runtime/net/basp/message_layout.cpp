// SPDX-License-Identifier: MIT
#include "runtime/net/basp/message_layout.hpp"

#include "messages/event_codec.hpp"
#include "messages/interfaces.hpp"

#include <cstring>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace edgeless {

// -- reading ------------------------------------------------------------------

namespace {

template <class T>
bool read_big_endian(frame_cursor& in, T& x) {
  if (in.left() < sizeof(T))
    return false;
  x = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    x = static_cast<T>(x << 8 | static_cast<unsigned char>(in.at[i]));
  in.at += sizeof(T);
  return true;
}

} // namespace

bool frame_cursor::skip(std::size_t bytes) {
  if (left() < bytes)
    return false;
  at += bytes;
  return true;
}

bool frame_cursor::read(std::uint8_t& x) {
  if (at == end)
    return false;
  x = static_cast<unsigned char>(*at++);
  return true;
}

bool frame_cursor::read(std::uint16_t& x) {
  return read_big_endian(*this, x);
}

bool frame_cursor::read(std::uint32_t& x) {
  return read_big_endian(*this, x);
}

bool frame_cursor::read(std::uint64_t& x) {
  return read_big_endian(*this, x);
}

bool frame_cursor::read_length(std::size_t& x) {
  x = 0;
  // Five groups of seven bits hold any 32-bit length; CAF sets no limit.
  for (int shift = 0; shift < 35; shift += 7) {
    std::uint8_t group;
    if (!read(group))
      return false;
    x |= static_cast<std::size_t>(group & 0x7F) << shift;
    if ((group & 0x80) == 0)
      return x <= left();
  }
  return false;
}

bool frame_cursor::read(std::string_view& x) {
  std::size_t length;
  if (!read_length(length))
    return false;
  x = {at, length};
  at += length;
  return true;
}

bool frame_cursor::read(node_bytes& x) {
  if (left() < x.size())
    return false;
  std::memcpy(x.data(), at, x.size());
  at += x.size();
  return true;
}

// -- layouts ------------------------------------------------------------------

namespace {

/// The memory of a map's node beside its element, in bytes.
constexpr std::size_t map_node = 48;

template <class T>
struct last_enumerator;

template <>
struct last_enumerator<event_kind> {
  static constexpr auto value = last_event_kind;
};

template <>
struct last_enumerator<intent_kind> {
  static constexpr auto value = intent_kind::drain;
};

template <>
struct last_enumerator<component_kind> {
  static constexpr auto value = component_kind::resource;
};

template <>
struct last_enumerator<component_phase> {
  static constexpr auto value = component_phase::running;
};

template <>
struct last_enumerator<if_infeasible> {
  static constexpr auto value = if_infeasible::wait;
};

template <class T>
struct layout_of;

template <class T>
bool walk(frame_cursor& in) {
  return layout_of<T>::walk(in);
}

template <class T>
bool walk_elements(frame_cursor& in, std::size_t each) {
  std::size_t count;
  // Each element takes at least a byte, and read_length() returns at most the
  // bytes that are left, so a wrong length ends the loop early.
  if (!in.read_length(count))
    return false;
  in.cost += count * each;
  for (std::size_t i = 0; i < count; ++i)
    if (!walk<T>(in))
      return false;
  return true;
}

template <class T>
concept described = boost::describe::has_describe_members<T>::value;

template <class T>
requires std::is_arithmetic_v<T>
struct layout_of<T> {
  static bool walk(frame_cursor& in) {
    return in.skip(sizeof(T));
  }
};

template <class T>
requires std::is_enum_v<T>
struct layout_of<T> {
  static bool walk(frame_cursor& in) {
    std::uint8_t x;
    static_assert(sizeof(T) == sizeof(x));
    return in.read(x)
           && x <= static_cast<std::uint8_t>(last_enumerator<T>::value);
  }
};

template <>
struct layout_of<caf::atom_value> {
  static bool walk(frame_cursor& in) {
    return in.skip(sizeof(caf::atom_value));
  }
};

template <>
struct layout_of<std::string> {
  static bool walk(frame_cursor& in) {
    std::string_view x;
    if (!in.read(x))
      return false;
    in.cost += x.size();
    return true;
  }
};

template <class Tag>
struct layout_of<id<Tag>> {
  static bool walk(frame_cursor& in) {
    return in.skip(sizeof(std::uint64_t) * 2);
  }
};

template <class T>
struct layout_of<std::vector<T>> {
  static bool walk(frame_cursor& in) {
    return walk_elements<T>(in, sizeof(T));
  }
};

template <class Key, class T>
struct layout_of<std::pair<Key, T>> {
  static bool walk(frame_cursor& in) {
    return edgeless::walk<Key>(in) && edgeless::walk<T>(in);
  }
};

template <class Key, class T>
struct layout_of<std::map<Key, T>> {
  static bool walk(frame_cursor& in) {
    using element = std::pair<Key, T>;
    return walk_elements<element>(in, sizeof(element) + map_node);
  }
};

template <described T>
struct layout_of<T> {
  static bool walk(frame_cursor& in) {
    using members
      = boost::describe::describe_members<T, boost::describe::mod_public>;
    return [&]<class... D>(boost::mp11::mp_list<D...>) {
      return (
        edgeless::walk<
          std::remove_cvref_t<decltype(std::declval<T&>().*D::pointer)>>(in)
        && ...);
    }(boost::mp11::mp_rename<members, boost::mp11::mp_list>{});
  }
};

// The fragments are in one block, which long payloads follow.
template <>
struct layout_of<batch> {
  static bool walk(frame_cursor& in) {
    std::string_view block;
    if (!edgeless::walk<std::uint64_t>(in) || !in.read(block))
      return false;
    in.cost += block.size();
    fragment_reader fragments{block};
    for (fragment x; fragments.next(x); x = {}) {
      in.cost += sizeof(x) + x.source_url.size() + fragments.payload().size();
      if (fragments.is_payload_behind() && !edgeless::walk<std::string>(in))
        return false;
    }
    return fragments.done();
  }
};

// A handle must be of an actor of the sender: with a local actor, the sender
// could send messages through this process; an actor of a third node would
// never be reported as down.
template <class... Signatures>
struct layout_of<caf::typed_actor<Signatures...>> {
  static bool walk(frame_cursor& in) {
    std::uint64_t actor;
    node_bytes node;
    return in.read(actor) && actor != 0 && in.read(node) && in.peer != nullptr
           && node == *in.peer;
  }
};

// -- by name ------------------------------------------------------------------

using layout_map = std::unordered_map<std::string, value_layout>;

template <class... Ts>
void add(layout_map& layouts) {
  (layouts.emplace(wire_name<Ts>(), &walk<Ts>), ...);
}

template <class Block>
void add_block(layout_map& layouts) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    add<typename caf::type_by_id<Block::begin + I>::type...>(layouts);
  }
  (std::make_index_sequence<Block::end - Block::begin>{});
}

layout_map make_layouts() {
  layout_map result;
  add<bool, double, std::int32_t, std::uint8_t, std::uint16_t, std::uint32_t,
      std::int64_t, std::uint64_t, std::string, caf::atom_value>(result);
  add_block<caf::id_block::edgeless_types>(result);
  add_block<caf::id_block::edgeless_handles>(result);
  return result;
}

} // namespace

value_layout find_layout(std::string_view wire_name) {
  static const layout_map layouts = make_layouts();
  auto i = layouts.find(std::string{wire_name});
  return i != layouts.end() ? i->second : nullptr;
}

} // namespace edgeless
