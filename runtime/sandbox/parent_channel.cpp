// SPDX-License-Identifier: MIT
#include "runtime/sandbox/parent_channel.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace edgeless {

namespace {

/// A larger buffer is shrunk after its frame.
constexpr std::size_t kept_buffer_bytes = 64u << 10;

} // namespace

parent_channel::parent_channel(guest_channel& channel)
  : channel_{channel}, out_{channel.down}, in_{channel.up} {
  // nop
}

void parent_channel::send(guest_frame kind, const guest_body& body,
                          std::string_view rest, std::string_view more) {
  put(encode_frame(kind, body, rest.size() + more.size()));
  put(rest);
  put(more);
  out_.publish();
  notify(wants_bytes);
}

void parent_channel::put(std::string_view bytes) {
  if (queued_.empty()) {
    auto n = out_.put(bytes);
    is_broken_ |= !n;
    transferred_ += n.value_or(0);
    bytes.remove_prefix(n.value_or(bytes.size()));
  }
  queued_ += bytes;
}

void parent_channel::flush() {
  if (queued_.empty())
    return;
  auto n = out_.put(std::string_view{queued_}.substr(sent_));
  is_broken_ |= !n;
  sent_ += n.value_or(0);
  transferred_ += n.value_or(0);
  if (sent_ == queued_.size()) {
    queued_.clear();
    sent_ = 0;
    if (queued_.capacity() > kept_buffer_bytes)
      queued_.shrink_to_fit();
  }
  if (n.value_or(0) == 0)
    return;
  out_.publish();
  notify(wants_bytes);
}

std::optional<parent_channel::frame> parent_channel::receive() {
  flush();
  if (std::exchange(complete_, false)) {
    head_.reset();
    body_.clear();
    if (body_.capacity() > kept_buffer_bytes)
      body_.shrink_to_fit();
  }
  if (is_broken_ || !read_head())
    return std::nullopt;
  auto before = body_.size();
  auto there = in_.available(head_->size - before);
  is_broken_ |= !there;
  if (is_broken_)
    return std::nullopt;
  auto n = static_cast<std::uint32_t>(
    std::min<std::size_t>(*there, head_->size - before));
  if (n > 0) {
    body_.resize(before + n);
    in_.take(body_.data() + before, n);
    transferred_ += n;
    notify(wants_room);
  }
  if (body_.size() < head_->size)
    return std::nullopt;
  auto body = decode_body(head_->kind, body_);
  is_broken_ |= !body;
  if (is_broken_)
    return std::nullopt;
  complete_ = true;
  return frame{head_->kind, *body};
}

bool parent_channel::read_head() {
  if (head_)
    return true;
  auto there = in_.available(sizeof(guest_frame_head));
  is_broken_ |= !there;
  if (is_broken_ || *there < sizeof(guest_frame_head))
    return false;
  guest_frame_head head;
  in_.take(reinterpret_cast<char*>(&head), sizeof(head));
  transferred_ += sizeof(head);
  is_broken_ |= !is_valid_head(head);
  if (!is_broken_)
    head_ = head;
  return !is_broken_;
}

std::optional<guest_body> parent_channel::last_body() const {
  return complete_ ? decode_body(head_->kind, body_) : std::nullopt;
}

void parent_channel::request_wakeup() {
  channel_.node_waits_for.store(queued_.empty() ? wants_bytes
                                                : wants_bytes | wants_room);
}

void parent_channel::cancel_wakeup() {
  channel_.node_waits_for.store(0);
}

bool parent_channel::is_ready() {
  auto enough = head_ ? 1u : std::uint32_t{sizeof(guest_frame_head)};
  if (in_.available(enough).value_or(enough) >= enough)
    return true;
  return !queued_.empty() && out_.room().value_or(1) > 0;
}

void parent_channel::notify(wait_reason what) {
  auto& wants = channel_.process_waits_for;
  if (!(wants.load() & what) || wants.exchange(0) == 0)
    return;
  channel_.wakeup.fetch_add(1);
  syscall(SYS_futex, &channel_.wakeup, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

} // namespace edgeless
