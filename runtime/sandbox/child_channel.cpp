// SPDX-License-Identifier: MIT
#include "runtime/sandbox/child_channel.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

/// The process has nothing else to do, and a wakeup costs more than a short
/// spin.
constexpr auto spin_time = std::chrono::microseconds{100};
/// A larger buffer is freed after its frame.
constexpr std::size_t kept_body_bytes = 64u << 10;

} // namespace

child_channel::child_channel(guest_channel& channel, int wakeup)
  : channel_{channel}, wakeup_{wakeup}, out_{channel.up}, in_{channel.down} {
  // nop
}

void child_channel::send(guest_frame kind, const guest_body& body,
                         std::string_view rest) {
  write(encode_frame(kind, body, rest.size()));
  write(rest);
  out_.commit();
  notify(wants_bytes);
}

child_channel::frame child_channel::receive() {
  release_body();
  guest_frame_head head;
  read(reinterpret_cast<char*>(&head), sizeof(head));
  auto body = decode_body(head.kind, read_body(head.size));
  if (!body)
    _exit(3);
  return {head.kind, *body};
}

/// The next `size` bytes: in the ring if they are there in one piece, as they
/// mostly are, else copied to body_.
std::string_view child_channel::read_body(std::uint32_t size) {
  if (auto there = in_.peek(size)) {
    body_in_ring_ = size;
    return *there;
  }
  body_.resize(size);
  read(body_.data(), size);
  return body_;
}

void child_channel::release_body() {
  if (body_.capacity() > kept_body_bytes)
    body_ = {};
  if (body_in_ring_ == 0)
    return;
  in_.skip(std::exchange(body_in_ring_, 0));
  notify(wants_room);
}

void child_channel::write(std::string_view bytes) {
  for (;;) {
    bytes.remove_prefix(out_.put(bytes).value_or(0));
    if (bytes.empty())
      return;
    out_.commit();
    notify(wants_bytes);
    wait(wants_room, [this] { return out_.room().value_or(0) > 0; });
  }
}

void child_channel::read(char* to, std::size_t size) {
  while (size > 0) {
    wait(wants_bytes, [this] { return in_.available().value_or(0) > 0; });
    auto n = static_cast<std::uint32_t>(
      std::min<std::size_t>(in_.available().value_or(0), size));
    in_.take(to, n);
    notify(wants_room);
    to += n;
    size -= n;
  }
}

template <class Condition>
void child_channel::wait(wait_reason what, Condition done) {
  if (done())
    return;
  auto begin = clock::now();
  while (!done() && clock::now() - begin < spin_time) {
  }
  while (!done()) {
    auto seen = channel_.wakeup.load();
    channel_.process_waits_for.store(what);
    if (!done())
      syscall(SYS_futex, &channel_.wakeup, FUTEX_WAIT, seen, nullptr, nullptr,
              0);
    channel_.process_waits_for.store(0);
  }
}

void child_channel::notify(wait_reason what) {
  auto& wants = channel_.node_waits_for;
  if (!(wants.load() & what) || wants.exchange(0) == 0)
    return;
  std::uint64_t one = 1;
  while (::write(wakeup_, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

} // namespace edgeless
