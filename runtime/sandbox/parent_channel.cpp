// SPDX-License-Identifier: MIT
#include "runtime/sandbox/parent_channel.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace edgeless {

namespace {

/// Empties a buffer, and frees a large one.
void clear(std::string& buffer) {
  constexpr std::size_t kept_bytes = 64u << 10;
  buffer.clear();
  if (buffer.capacity() > kept_bytes)
    buffer.shrink_to_fit();
}

} // namespace

parent_channel::parent_channel(guest_channel& channel)
  : channel_{channel}, out_{channel.down}, in_{channel.up} {
  // nop
}

void parent_channel::send(guest_frame kind, const guest_body& body,
                          std::string_view rest, std::string_view more) {
  auto start = encode_frame(kind, body, rest.size() + more.size());
  for (std::string_view part : {std::string_view{start}, rest, more}) {
    if (queued_.empty())
      part.remove_prefix(write(part));
    queued_ += part;
  }
  out_.commit();
  notify(wants_bytes);
}

/// Writes as many bytes as there is room for. Returns their number.
std::size_t parent_channel::write(std::string_view bytes) {
  auto n = out_.put(bytes);
  is_broken_ |= !n;
  transferred_ += n.value_or(0);
  return n.value_or(0);
}

void parent_channel::flush() {
  assert(sent_ <= queued_.size());
  if (queued_.empty())
    return;
  auto n = write(std::string_view{queued_}.substr(sent_));
  sent_ += n;
  if (sent_ == queued_.size()) {
    sent_ = 0;
    clear(queued_);
  }
  if (n > 0) {
    out_.commit();
    notify(wants_bytes);
  }
}

std::optional<parent_channel::frame> parent_channel::receive() {
  flush();
  if (std::exchange(is_complete_, false))
    clear(received_);
  if (!fill(sizeof(guest_frame_head)))
    return std::nullopt;
  auto head = received_head();
  is_broken_ |= !is_valid_head(head);
  if (!fill(sizeof(head) + head.size))
    return std::nullopt;
  is_complete_ = true;
  auto body = last_body();
  is_broken_ |= !body;
  return body ? std::optional{frame{head.kind, *body}} : std::nullopt;
}

/// Moves bytes from the ring to received_ until it has `size` bytes. False if
/// they are not there yet, or if the channel is broken.
bool parent_channel::fill(std::size_t size) {
  if (is_broken_)
    return false;
  if (received_.size() >= size)
    return true;
  auto before = received_.size();
  auto missing = static_cast<std::uint32_t>(size - before);
  auto there = in_.available(missing);
  is_broken_ |= !there;
  auto n = std::min(there.value_or(0), missing);
  if (n > 0) {
    received_.resize(before + n);
    in_.take(received_.data() + before, n);
    transferred_ += n;
    notify(wants_room);
  }
  return n == missing;
}

guest_frame_head parent_channel::received_head() const {
  assert(received_.size() >= sizeof(guest_frame_head));
  guest_frame_head head;
  std::memcpy(&head, received_.data(), sizeof(head));
  return head;
}

std::optional<guest_body> parent_channel::last_body() const {
  if (!is_complete_)
    return std::nullopt;
  auto head = received_head();
  assert(received_.size() == sizeof(head) + head.size);
  return decode_body(head.kind,
                     std::string_view{received_}.substr(sizeof(head)));
}

void parent_channel::request_wakeup() {
  channel_.node_waits_for.store(queued_.empty() ? wants_bytes
                                                : wants_bytes | wants_room);
}

void parent_channel::cancel_wakeup() {
  channel_.node_waits_for.store(0);
}

bool parent_channel::is_ready() {
  return in_.available().value_or(1) > 0
         || (!queued_.empty() && out_.room().value_or(1) > 0);
}

void parent_channel::notify(wait_reason what) {
  auto& wants = channel_.process_waits_for;
  if (!(wants.load() & what) || wants.exchange(0) == 0)
    return;
  channel_.wakeup.fetch_add(1);
  syscall(SYS_futex, &channel_.wakeup, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

} // namespace edgeless
