// SPDX-License-Identifier: MIT
#include "runtime/guest_line.hpp"

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
constexpr auto patience = std::chrono::microseconds{100};
/// Of the memory for a large frame, so much is kept for the next.
constexpr std::size_t kept = 64u << 10;

} // namespace

guest_line::guest_line(guest_channel& channel, int bell)
  : channel_{channel}, bell_{bell}, out_{channel.up}, in_{channel.down} {
  // nop
}

void guest_line::say(guest_frame kind, const guest_body& body,
                     std::string_view rest) {
  write(begin_frame(kind, body, rest.size()));
  write(rest);
  out_.show();
  tell(wants_bytes);
}

guest_line::frame guest_line::listen() {
  give_back();
  guest_frame_head head;
  read(reinterpret_cast<char*>(&head), sizeof(head));
  auto body = read_frame(head.kind, read_body(head.size));
  if (!body)
    _exit(3);
  return {head.kind, *body};
}

/// Where it is, if that can be: most are whole when their heads arrive.
std::string_view guest_line::read_body(std::uint32_t size) {
  if (auto there = in_.peek(size)) {
    lent_ = size;
    return *there;
  }
  body_.resize(size);
  read(body_.data(), size);
  return body_;
}

void guest_line::give_back() {
  if (body_.capacity() > kept)
    body_ = {};
  if (lent_ == 0)
    return;
  in_.skip(std::exchange(lent_, 0));
  tell(wants_room);
}

void guest_line::write(std::string_view bytes) {
  for (;;) {
    bytes.remove_prefix(out_.put(bytes).value_or(0));
    if (bytes.empty())
      return;
    out_.show();
    tell(wants_bytes);
    wait(wants_room, [this] { return out_.room().value_or(0) > 0; });
  }
}

void guest_line::read(char* to, std::size_t size) {
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
void guest_line::wait(guest_wants what, Condition done) {
  if (done())
    return;
  auto begin = clock::now();
  while (!done() && clock::now() - begin < patience) {
  }
  while (!done()) {
    auto rung = channel_.bell.load();
    channel_.process_wants.store(what);
    if (!done())
      syscall(SYS_futex, &channel_.bell, FUTEX_WAIT, rung, nullptr, nullptr, 0);
    channel_.process_wants.store(0);
  }
}

void guest_line::tell(guest_wants what) {
  auto& wants = channel_.node_wants;
  if (!(wants.load() & what) || wants.exchange(0) == 0)
    return;
  std::uint64_t one = 1;
  while (::write(bell_, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

} // namespace edgeless
