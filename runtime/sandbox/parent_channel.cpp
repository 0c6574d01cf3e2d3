// SPDX-License-Identifier: MIT
#include "runtime/sandbox/parent_channel.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace edgeless {

namespace {

/// Of the memory for a large frame, so much is kept_buffer_bytes for the next.
constexpr std::size_t kept_buffer_bytes = 64u << 10;

} // namespace

parent_channel::parent_channel(guest_channel& channel)
  : channel_{channel}, out_{channel.down}, in_{channel.up} {
  // nop
}

void parent_channel::post(guest_frame kind, const guest_body& body,
                          std::string_view rest, std::string_view more) {
  put(begin_frame(kind, body, rest.size() + more.size()));
  put(rest);
  put(more);
  out_.show();
  tell(wants_bytes);
}

void parent_channel::put(std::string_view bytes) {
  if (waiting_.empty()) {
    auto n = out_.put(bytes);
    broken_ |= !n;
    moved_ += n.value_or(0);
    bytes.remove_prefix(n.value_or(bytes.size()));
  }
  waiting_ += bytes;
}

void parent_channel::flush() {
  if (waiting_.empty())
    return;
  auto n = out_.put(std::string_view{waiting_}.substr(sent_));
  broken_ |= !n;
  sent_ += n.value_or(0);
  moved_ += n.value_or(0);
  if (sent_ == waiting_.size()) {
    waiting_.clear();
    sent_ = 0;
    if (waiting_.capacity() > kept_buffer_bytes)
      waiting_.shrink_to_fit();
  }
  if (n.value_or(0) == 0)
    return;
  out_.show();
  tell(wants_bytes);
}

std::optional<parent_channel::frame> parent_channel::next() {
  flush();
  if (std::exchange(whole_, false)) {
    head_.reset();
    body_.clear();
    if (body_.capacity() > kept_buffer_bytes)
      body_.shrink_to_fit();
  }
  if (broken_ || !read_head())
    return std::nullopt;
  auto before = body_.size();
  auto there = in_.available(head_->size - before);
  broken_ |= !there;
  if (broken_)
    return std::nullopt;
  auto n = static_cast<std::uint32_t>(
    std::min<std::size_t>(*there, head_->size - before));
  if (n > 0) {
    body_.resize(before + n);
    in_.take(body_.data() + before, n);
    moved_ += n;
    tell(wants_room);
  }
  if (body_.size() < head_->size)
    return std::nullopt;
  auto body = read_frame(head_->kind, body_);
  broken_ |= !body;
  if (broken_)
    return std::nullopt;
  whole_ = true;
  return frame{head_->kind, *body};
}

bool parent_channel::read_head() {
  if (head_)
    return true;
  auto there = in_.available(sizeof(guest_frame_head));
  broken_ |= !there;
  if (broken_ || *there < sizeof(guest_frame_head))
    return false;
  guest_frame_head head;
  in_.take(reinterpret_cast<char*>(&head), sizeof(head));
  moved_ += sizeof(head);
  broken_ |= !may_say(head);
  if (!broken_)
    head_ = head;
  return !broken_;
}

std::optional<guest_body> parent_channel::again() const {
  return whole_ ? read_frame(head_->kind, body_) : std::nullopt;
}

void parent_channel::want() {
  channel_.node_wants.store(waiting_.empty() ? wants_bytes
                                             : wants_bytes | wants_room);
}

void parent_channel::want_nothing() {
  channel_.node_wants.store(0);
}

bool parent_channel::ready() {
  auto enough = head_ ? 1u : std::uint32_t{sizeof(guest_frame_head)};
  if (in_.available(enough).value_or(enough) >= enough)
    return true;
  return !waiting_.empty() && out_.room().value_or(1) > 0;
}

void parent_channel::tell(guest_wants what) {
  auto& wants = channel_.process_wants;
  if (!(wants.load() & what) || wants.exchange(0) == 0)
    return;
  channel_.wakeup.fetch_add(1);
  syscall(SYS_futex, &channel_.wakeup, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

} // namespace edgeless
