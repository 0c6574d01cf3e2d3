// SPDX-License-Identifier: MIT
#include "runtime/guest_line.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <string>

using namespace edgeless;

// A guest that broke out of its engine: its init payload says what it does.
namespace {

using frame = guest_frame;

void ring() {
  std::uint64_t one = 1;
  static_cast<void>(!write(4, &one, sizeof(one)));
}

/// As if for what it has said before, and was kept from ringing for.
void ring_late(guest_channel& channel) {
  while (channel.node_wants.exchange(0) == 0) {
  }
  ring();
  usleep(200);
}

[[noreturn]] void stay() {
  for (;;)
    pause();
}

/// Past what a line would allow, and then nothing more.
[[noreturn]] void raw(guest_channel& channel, std::string_view bytes,
                      std::uint32_t leap = 0) {
  auto at = channel.up.head.load();
  for (char x : bytes)
    channel.up.bytes[at++ % guest_ring::size] = x;
  channel.up.head = at + leap;
  ring();
  stay();
}

/// It has read what nobody wrote, and wants more.
[[noreturn]] void lie_about_reading(guest_channel& channel, guest_line& line) {
  channel.down.tail = channel.down.head + guest_ring::size / 2;
  line.say(frame::next, {});
  stay();
}

std::string head(frame kind, std::uint32_t size) {
  guest_frame_head x{kind, size};
  return {reinterpret_cast<const char*>(&x), sizeof(x)};
}

void misbehave(const std::string& how, guest_channel& channel,
               guest_line& line) {
  if (how == "honest")
    line.say(frame::cast, {.name = "out"}, "said");
  else if (how == "garbage")
    raw(channel, std::string(4096, '\xA5'));
  else if (how == "huge")
    raw(channel, head(frame::cast, 0xFFFFFFF0u));
  else if (how == "far head")
    raw(channel, {}, 2 * guest_ring::size);
  else if (how == "far tail")
    lie_about_reading(channel, line);
  else if (how == "bad channel")
    line.say(frame::cast, {.name = "\xFF"}, "x");
  else if (how == "answer nobody wants")
    line.say(frame::done, {.numbers = {1}}, "x");
  else if (how == "bad level")
    line.say(frame::log, {.numbers = {9}, .name = "x"}, "x");
  else if (how == "no such kind")
    raw(channel, head(static_cast<frame>(99), 0));
  else if (how == "speaks the node's part")
    raw(channel, head(frame::answer, 8) + std::string(8, '\0'));
  else if (how == "half")
    raw(channel, head(frame::cast, 100) + "abc");
  else if (how == "ring late")
    ring_late(channel);
  else if (how == "leave")
    _exit(7);
  while (how == "ring")
    ring();
  line.say(frame::next, {.numbers = {1, how == "boast" ? ~0ull : 0ull}});
}

} // namespace

int main() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto* at = mmap(nullptr, sizeof(guest_channel), PROT_READ | PROT_WRITE,
                  MAP_SHARED, 3, 0);
  if (at == MAP_FAILED)
    return 2;
  auto& channel = *static_cast<guest_channel*>(at);
  guest_line line{channel, 4};
  line.listen();
  line.say(frame::next, {});
  for (;;) {
    auto event = line.listen();
    misbehave(std::string{event.body.rest}, channel, line);
  }
}
