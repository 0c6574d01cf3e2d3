// SPDX-License-Identifier: MIT
#include "runtime/net/basp/frame_validator.hpp"

#include "messages/limits.hpp"

#include <caf/atom.hpp>
#include <caf/io/basp/header.hpp>
#include <caf/io/basp/version.hpp>

#include <algorithm>
#include <cstring>

namespace edgeless {

namespace {

namespace basp = caf::io::basp;

/// The smallest free space for a read.
constexpr std::size_t chunk = 16u << 10;
/// A larger buffer is freed as soon as it is empty.
constexpr std::size_t kept_capacity = 1u << 20;

basp::message_type operation(const frame_header& header) {
  return static_cast<basp::message_type>(header.operation);
}

std::uint32_t max_length(const frame_header& header) {
  switch (operation(header)) {
  case basp::message_type::direct_message:
    return limits::frame;
  case basp::message_type::down_message:
    return limits::frame_with_error;
  default:
    return limits::frame_handshake;
  }
}

bool read(frame_cursor& in, frame_header& header) {
  std::uint8_t padding[2];
  return in.read(header.operation) && in.read(padding[0]) && in.read(padding[1])
         && in.read(header.flags) && in.read(header.length)
         && in.read(header.data) && in.read(header.source)
         && in.read(header.target) && padding[0] == 0 && padding[1] == 0;
}

/// Whether the bytes are a node id of CAF's default kind, and not all zero.
bool is_node(const node_bytes& node) {
  frame_cursor in{node.data(), node.data() + node.size()};
  std::uint64_t kind;
  std::uint32_t process;
  if (!in.read(kind) || !in.read(process))
    return false;
  auto zero = [](char x) {
    return x == 0;
  };
  return kind == static_cast<std::uint64_t>(caf::atom("default"))
         && process != 0 && !std::all_of(in.at, in.end, zero);
}

} // namespace

frame_validator::frame_validator(frame_rules rules) : rules_(std::move(rules)) {
  // nop
}

// -- the buffer ---------------------------------------------------------------

std::span<char> frame_validator::free_space() {
  if (taken_ == filled_) {
    taken_ = checked_ = filled_ = 0;
    if (capacity_ > kept_capacity) {
      buffer_.reset();
      capacity_ = 0;
    }
  }
  // The buffer grows with the bytes received, not with the length that a
  // header announces.
  auto wanted = std::max(chunk, filled_ - checked_);
  if (capacity_ - filled_ < wanted) {
    auto used = filled_ - taken_;
    if (capacity_ < used + wanted) {
      capacity_ = used + wanted;
      auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
      if (used > 0)
        std::memcpy(larger.get(), buffer_.get() + taken_, used);
      buffer_ = std::move(larger);
    } else {
      std::memmove(buffer_.get(), buffer_.get() + taken_, used);
    }
    checked_ -= taken_;
    filled_ = used;
    taken_ = 0;
  }
  return {buffer_.get() + filled_, capacity_ - filled_};
}

refusal frame_validator::commit(std::size_t bytes) {
  filled_ += bytes;
  assert(filled_ <= capacity_);
  while (filled_ - checked_ >= frame_header::size) {
    auto start = buffer_.get() + checked_;
    frame_cursor in{start, start + frame_header::size};
    frame_header header;
    if (!read(in, header))
      return has_handshake_ ? refusal::bad_header : refusal::no_handshake;
    if (auto x = check_header(header); x != refusal::none)
      return x;
    if (filled_ - checked_ < frame_header::size + header.length)
      break;
    if (auto x = check(header, {in.end, header.length}); x != refusal::none)
      return x;
    checked_ += frame_header::size + header.length;
  }
  return refusal::none;
}

refusal frame_validator::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    auto to = free_space();
    auto size = std::min(to.size(), bytes.size());
    std::memcpy(to.data(), bytes.data(), size);
    if (auto x = commit(size); x != refusal::none)
      return x;
    bytes.remove_prefix(size);
  }
  return refusal::none;
}

std::size_t frame_validator::take(char* target, std::size_t size) {
  assert(taken_ <= checked_ && checked_ <= filled_);
  size = std::min(size, ready());
  if (size > 0)
    std::memcpy(target, buffer_.get() + taken_, size);
  taken_ += size;
  return size;
}

void frame_validator::skip_frame() {
  assert(ready() >= frame_header::size);
  auto start = buffer_.get() + taken_;
  frame_cursor in{start, start + frame_header::size};
  frame_header header;
  if (read(in, header))
    taken_ += frame_header::size + header.length;
}

// -- headers ------------------------------------------------------------------

refusal frame_validator::check_header(const frame_header& header) const {
  using enum basp::message_type;
  auto op = operation(header);
  if (!has_handshake_
      && op != (rules_.accepted ? client_handshake : server_handshake))
    return refusal::no_handshake;
  if (header.operation > static_cast<std::uint8_t>(heartbeat))
    return refusal::bad_header;
  if (op == routed_message)
    return refusal::routed;
  if (header.length > max_length(header))
    return refusal::too_large;
  if (op == direct_message && header.flags == basp::header::named_receiver_flag)
    return refusal::named_receiver;
  auto flags
    = op == client_handshake ? basp::header::select_connection_flag : 0;
  if ((header.flags & ~flags) != 0)
    return refusal::bad_header;
  // The conditions of CAF's own valid(), and that unused fields are zero. CAF
  // reads the payload of every frame but heartbeats, even if there is none.
  auto fits = [&](bool payload, bool data, bool source, bool target) {
    return (header.length > 0) == payload && (data || header.data == 0)
           && (source || header.source == 0) && target == (header.target != 0);
  };
  auto ok = false;
  switch (op) {
  case server_handshake:
    ok = fits(true, true, false, false);
    break;
  case client_handshake:
    ok = fits(true, false, false, false);
    break;
  case direct_message:
    ok = fits(true, true, true, true);
    break;
  case monitor_message:
    ok = fits(true, false, false, true);
    break;
  case down_message:
    ok = fits(true, false, true, false) && header.source != 0;
    break;
  case heartbeat:
    ok = fits(false, false, false, false);
    break;
  default:
    break;
  }
  return ok ? refusal::none : refusal::bad_header;
}

// -- frames -------------------------------------------------------------------

refusal frame_validator::check(const frame_header& header,
                               std::string_view payload) {
  using enum basp::message_type;
  switch (operation(header)) {
  case server_handshake:
  case client_handshake:
    return check_handshake(header, payload);
  case direct_message:
    return check_message(header, payload);
  case monitor_message:
    return check_monitor(payload);
  case down_message:
    return check_down(header, payload);
  default:
    return refusal::none;
  }
}

refusal frame_validator::check_handshake(const frame_header& header,
                                         std::string_view payload) {
  frame_cursor in{payload.data(), payload.data() + payload.size()};
  node_bytes node;
  if (!in.read(node) || !is_node(node))
    return refusal::bad_handshake;
  if (node == rules_.self)
    return refusal::own_node;
  // Only clients repeat their handshake, after they got that of the server.
  if (has_handshake_ && (!rules_.accepted || node != peer_))
    return refusal::late_handshake;
  if (!rules_.accepted) {
    if (header.data != basp::version)
      return refusal::other_application;
    std::size_t count;
    auto same = false;
    std::string_view text;
    if (!in.read_length(count))
      return refusal::bad_handshake;
    for (; count > 0; --count) {
      if (!in.read(text))
        return refusal::bad_handshake;
      same = same || text == application_id;
    }
    // The published actor and its interface.
    if (!in.read(published_actor_) || !in.read_length(count))
      return refusal::bad_handshake;
    for (; count > 0; --count)
      if (!in.read(text))
        return refusal::bad_handshake;
    if (!same)
      return refusal::other_application;
  }
  if (in.left() > 0)
    return refusal::bad_handshake;
  has_handshake_ = true;
  peer_ = node;
  return refusal::none;
}

std::uint64_t number_of(std::uint64_t message) {
  return message
         & ~(caf::message_id::response_flag_mask
             | caf::message_id::answered_flag_mask);
}

std::vector<frame_response> responses_in(std::string_view frames) {
  std::vector<frame_response> result;
  while (frames.size() >= frame_header::size) {
    frame_header header;
    frame_cursor in{frames.data(), frames.data() + frames.size()};
    if (!read(in, header))
      break;
    auto size = std::min(frames.size(), frame_header::size + header.length);
    if (operation(header) == basp::message_type::direct_message
        && caf::message_id{header.data}.is_response())
      result.push_back({header.target, number_of(header.data), size});
    frames.remove_prefix(size);
  }
  return result;
}

std::optional<frame_header> take_large_frame(std::vector<char>& output,
                                             std::size_t offset) {
  while (output.size() - offset >= frame_header::size) {
    auto start = output.data() + offset;
    frame_cursor in{start, start + frame_header::size};
    frame_header header;
    if (!read(in, header))
      break;
    auto size = std::min(output.size() - offset,
                         frame_header::size + std::size_t{header.length});
    if (header.length > limits::frame) {
      auto begin = output.begin() + static_cast<std::ptrdiff_t>(offset);
      output.erase(begin, begin + static_cast<std::ptrdiff_t>(size));
      return header;
    }
    offset += size;
  }
  return std::nullopt;
}

} // namespace edgeless
