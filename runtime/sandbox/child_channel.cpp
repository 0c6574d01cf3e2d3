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

/// Nobody else is here: to be woken costs more than to look a little longer.
constexpr auto spin_time = std::chrono::microseconds{100};
/// Of the memory for a large frame, so much is kept_bytes for the next.
constexpr std::size_t kept_bytes = 64u << 10;

} // namespace

child_channel::child_channel(guest_channel& channel, int wakeup)
  : channel_{channel}, wakeup_{wakeup}, out_{channel.up}, in_{channel.down} {
  // nop
}

void child_channel::say(guest_frame kind, const guest_body& body,
                        std::string_view rest) {
  write(begin_frame(kind, body, rest.size()));
  write(rest);
  out_.show();
  tell(wants_bytes);
}

child_channel::frame child_channel::listen() {
  give_back();
  guest_frame_head head;
  read(reinterpret_cast<char*>(&head), sizeof(head));
  auto body = read_frame(head.kind, read_body(head.size));
  if (!body)
    _exit(3);
  return {head.kind, *body};
}

/// Where it is, if that can be: most are whole when their heads arrive.
std::string_view child_channel::read_body(std::uint32_t size) {
  if (auto there = in_.peek(size)) {
    lent_ = size;
    return *there;
  }
  body_.resize(size);
  read(body_.data(), size);
  return body_;
}

void child_channel::give_back() {
  if (body_.capacity() > kept_bytes)
    body_ = {};
  if (lent_ == 0)
    return;
  in_.skip(std::exchange(lent_, 0));
  tell(wants_room);
}

void child_channel::write(std::string_view bytes) {
  for (;;) {
    bytes.remove_prefix(out_.put(bytes).value_or(0));
    if (bytes.empty())
      return;
    out_.show();
    tell(wants_bytes);
    wait(wants_room, [this] { return out_.room().value_or(0) > 0; });
  }
}

void child_channel::read(char* to, std::size_t size) {
  while (size > 0) {
    wait(wants_bytes, [this] { return in_.available().value_or(0) > 0; });
    auto n = static_cast<std::uint32_t>(
      std::min<std::size_t>(in_.available().value_or(0), size));
    in_.take(to, n);
    tell(wants_room);
    to += n;
    size -= n;
  }
}

template <class Condition>
void child_channel::wait(guest_wants what, Condition done) {
  if (done())
    return;
  auto begin = clock::now();
  while (!done() && clock::now() - begin < spin_time) {
  }
  while (!done()) {
    auto rung = channel_.wakeup.load();
    channel_.process_wants.store(what);
    if (!done())
      syscall(SYS_futex, &channel_.wakeup, FUTEX_WAIT, rung, nullptr, nullptr,
              0);
    channel_.process_wants.store(0);
  }
}

void child_channel::tell(guest_wants what) {
  auto& wants = channel_.node_wants;
  if (!(wants.load() & what) || wants.exchange(0) == 0)
    return;
  std::uint64_t one = 1;
  while (::write(wakeup_, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

} // namespace edgeless
