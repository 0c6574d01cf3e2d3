// SPDX-License-Identifier: MIT
#include "runtime/wasm/imports.hpp"

#include "messages/limits.hpp"

#include <sys/random.h>

#include <algorithm>
#include <ctime>
#include <vector>

/// WASI preview 1, for guests that print, read clocks and sleep: no files, no
/// network, no arguments, no environment. What needs a file descriptor beside
/// stdin, stdout and stderr answers that there is none.
namespace edgeless {

namespace {

// errno values of WASI.
constexpr std::uint32_t success = 0;
constexpr std::uint32_t bad_descriptor = 8;
constexpr std::uint32_t invalid = 28;
constexpr std::uint32_t io_error = 29;
constexpr std::uint32_t not_seekable = 70;

/// Buffers of one fd_write; wasi-libc uses two.
constexpr std::uint32_t max_buffers = 1024;
/// Bytes of one random_get: a guest cannot be preempted inside an import.
constexpr std::uint32_t max_random_bytes = 1u << 20;
/// Subscriptions of one poll_oneoff; guests use one per descriptor and timer.
constexpr std::uint32_t max_subscriptions = 1024;

void store_u64(wasm_call& call, std::uint32_t at, std::uint64_t value) {
  call.store_u32(at, static_cast<std::uint32_t>(value));
  call.store_u32(at + 4, static_cast<std::uint32_t>(value >> 32));
}

std::uint32_t load_u32(wasm_call& call, std::uint32_t at) {
  std::uint32_t value = 0;
  int shift = 0;
  for (char x : call.bytes(at, 4)) {
    value |= std::uint32_t{static_cast<unsigned char>(x)} << shift;
    shift += 8;
  }
  return value;
}

std::uint64_t load_u64(wasm_call& call, std::uint32_t at) {
  return load_u32(call, at) | std::uint64_t{load_u32(call, at + 4)} << 32;
}

/// Logs the complete lines that a guest prints. The rest is kept until its line
/// ends or exceeds limits::log_text bytes.
void print(host_state& state, std::uint32_t stream, std::string_view text) {
  auto level = stream == 1 ? 3u : 1u;
  auto& line = state.lines[stream - 1];
  auto flush = [&] {
    state.host->log(level, "wasi", line);
    line.clear();
  };
  while (!text.empty()) {
    auto room = limits::log_text - line.size();
    auto end = text.substr(0, room).find('\n');
    bool complete = end != std::string_view::npos;
    auto taken = complete ? end : std::min(room, text.size());
    line += text.substr(0, taken);
    text.remove_prefix(taken + (complete ? 1 : 0));
    if (complete || line.size() >= limits::log_text)
      flush();
  }
}

void fd_write(wasm_call& call) {
  auto stream = call.u32(0), vector = call.u32(1), count = call.u32(2),
       written_at = call.u32(3);
  if (stream != 1 && stream != 2)
    return call.result(bad_descriptor);
  if (count > max_buffers)
    return call.result(invalid);
  std::uint32_t written = 0;
  for (std::uint32_t i = 0; i < count && !call.trapped(); ++i) {
    auto at = load_u32(call, vector + 8 * i);
    auto size = load_u32(call, vector + 8 * i + 4);
    // Short writes are legal, and bound the time in this import.
    size = std::min<std::uint32_t>(size, limits::payload - written);
    auto text = call.bytes(at, size);
    print(call.state, stream, {text.data(), text.size()});
    written += size;
  }
  call.store_u32(written_at, written);
  call.result(success);
}

void fd_read(wasm_call& call) {
  auto stream = call.u32(0), read_at = call.u32(3);
  if (stream != 0)
    return call.result(bad_descriptor);
  call.store_u32(read_at, 0);
  call.result(success);
}

void fd_fdstat_get(wasm_call& call) {
  auto stream = call.u32(0), at = call.u32(1);
  if (stream > 2)
    return call.result(bad_descriptor);
  auto status = call.bytes(at, 24);
  std::fill(status.begin(), status.end(), '\0');
  if (!status.empty())
    status[0] = 2; // a character device: libc flushes each line
  call.result(success);
}

void fd_seek(wasm_call& call) {
  call.result(call.u32(0) > 2 ? bad_descriptor : not_seekable);
}

void fd_close(wasm_call& call) {
  call.result(call.u32(0) > 2 ? bad_descriptor : success);
}

/// Flags of the three streams have no effect.
void fd_fdstat_set_flags(wasm_call& call) {
  call.result(call.u32(0) > 2 ? bad_descriptor : success);
}

/// For all calls that need a file, a directory or a socket.
void no_descriptor(wasm_call& call) {
  call.result(bad_descriptor);
}

void clock_time_get(wasm_call& call) {
  auto clock = call.u32(0), at = call.u32(2);
  if (clock > 1)
    return call.result(invalid);
  store_u64(call, at,
            read_guest_clock(call.state, static_cast<guest_clock>(clock)));
  call.result(success);
}

void clock_res_get(wasm_call& call) {
  if (call.u32(0) > 1)
    return call.result(invalid);
  store_u64(call, call.u32(1), 1);
  call.result(success);
}

/// A guest is preempted anyway.
void sched_yield(wasm_call& call) {
  call.result(success);
}

void random_get(wasm_call& call) {
  auto at = call.u32(0), size = call.u32(1);
  if (size > max_random_bytes)
    return call.result(invalid);
  auto bytes = call.bytes(at, size);
  while (!bytes.empty()) {
    auto n = std::min<std::size_t>(bytes.size(), 256);
    if (getentropy(bytes.data(), n) != 0)
      return call.result(io_error);
    bytes = bytes.subspan(n);
  }
  call.result(success);
}

/// args_get and environ_get: both are empty.
void no_strings(wasm_call& call) {
  call.result(success);
}

void no_string_sizes(wasm_call& call) {
  auto count_at = call.u32(0), size_at = call.u32(1);
  call.store_u32(count_at, 0);
  call.store_u32(size_at, 0);
  call.result(success);
}

void proc_exit(wasm_call& call) {
  call.trap = "the guest called exit(" + std::to_string(call.u32(0)) + ")";
}

/// A subscription of poll_oneoff, of 48 bytes.
struct subscription {
  std::uint64_t user_data = 0;
  std::uint8_t type = 0; ///< 0 clock, 1 readable, 2 writable
  std::uint32_t error = success;
  std::uint64_t wait = 0; ///< nanoseconds until the event
};

subscription load_subscription(wasm_call& call, std::uint32_t at) {
  subscription x;
  x.user_data = load_u64(call, at);
  x.type = static_cast<std::uint8_t>(load_u32(call, at + 8));
  auto subject = load_u32(call, at + 16); // a clock, or a descriptor
  if (x.type == 0 && subject <= 1) {
    x.wait = load_u64(call, at + 24);
    bool absolute = (load_u32(call, at + 40) & 1) != 0;
    if (absolute)
      x.wait -= std::min(
        x.wait,
        read_guest_clock(call.state, static_cast<guest_clock>(subject)));
  } else if (x.type == 0 || x.type > 2) {
    x.error = invalid;
  } else if (x.type == 1 ? subject != 0 : subject != 1 && subject != 2) {
    x.error = bad_descriptor;
  }
  return x;
}

/// Suspends the guest until the first of its timers; streams are always ready.
/// The events are stored before: the guest does not run meanwhile.
void poll_oneoff(wasm_call& call) {
  auto in = call.u32(0), out = call.u32(1), count = call.u32(2),
       events_at = call.u32(3);
  if (count == 0 || count > max_subscriptions)
    return call.result(invalid);
  if (call.bytes(in, 48ull * count).empty()
      || call.bytes(out, 32ull * count).empty())
    return;
  std::vector<subscription> all;
  for (std::uint32_t i = 0; i < count; ++i)
    all.push_back(load_subscription(call, in + 48 * i));
  auto first = std::ranges::min(all, {}, &subscription::wait).wait;
  std::uint32_t events = 0;
  for (auto& x : all) {
    if (x.wait > first)
      continue;
    auto at = out + 32 * events++;
    auto event = call.bytes(at, 32);
    std::fill(event.begin(), event.end(), '\0');
    store_u64(call, at, x.user_data);
    call.store_u32(at + 8, x.error | std::uint32_t{x.type} << 16);
  }
  call.store_u32(events_at, events);
  call.result(success);
  auto wait = std::min<std::uint64_t>(
    first, std::chrono::nanoseconds{limits::delay}.count());
  if (!call.trapped() && wait > 0)
    call.state.waiting = call.state.sleeping
      = call.state.host->sleep(std::chrono::nanoseconds{wait});
}

constexpr std::string_view wasi = "wasi_snapshot_preview1";

constexpr wasm_import wasi_table[] = {
  {wasi, "fd_write", "iiii:i", fd_write},
  {wasi, "fd_read", "iiii:i", fd_read},
  {wasi, "fd_close", "i:i", fd_close},
  {wasi, "fd_seek", "iIii:i", fd_seek},
  {wasi, "fd_fdstat_get", "ii:i", fd_fdstat_get},
  {wasi, "fd_fdstat_set_flags", "ii:i", fd_fdstat_set_flags},
  {wasi, "fd_fdstat_set_rights", "iII:i", no_descriptor},
  {wasi, "fd_prestat_get", "ii:i", no_descriptor},
  {wasi, "fd_prestat_dir_name", "iii:i", no_descriptor},
  {wasi, "fd_advise", "iIIi:i", no_descriptor},
  {wasi, "fd_allocate", "iII:i", no_descriptor},
  {wasi, "fd_datasync", "i:i", no_descriptor},
  {wasi, "fd_filestat_get", "ii:i", no_descriptor},
  {wasi, "fd_filestat_set_size", "iI:i", no_descriptor},
  {wasi, "fd_filestat_set_times", "iIIi:i", no_descriptor},
  {wasi, "fd_pread", "iiiIi:i", no_descriptor},
  {wasi, "fd_pwrite", "iiiIi:i", no_descriptor},
  {wasi, "fd_readdir", "iiiIi:i", no_descriptor},
  {wasi, "fd_renumber", "ii:i", no_descriptor},
  {wasi, "fd_sync", "i:i", no_descriptor},
  {wasi, "fd_tell", "ii:i", no_descriptor},
  {wasi, "path_create_directory", "iii:i", no_descriptor},
  {wasi, "path_filestat_get", "iiiii:i", no_descriptor},
  {wasi, "path_filestat_set_times", "iiiiIIi:i", no_descriptor},
  {wasi, "path_link", "iiiiiii:i", no_descriptor},
  {wasi, "path_open", "iiiiiIIii:i", no_descriptor},
  {wasi, "path_readlink", "iiiiii:i", no_descriptor},
  {wasi, "path_remove_directory", "iii:i", no_descriptor},
  {wasi, "path_rename", "iiiiii:i", no_descriptor},
  {wasi, "path_symlink", "iiiii:i", no_descriptor},
  {wasi, "path_unlink_file", "iii:i", no_descriptor},
  {wasi, "sock_accept", "iii:i", no_descriptor},
  {wasi, "sock_recv", "iiiiii:i", no_descriptor},
  {wasi, "sock_send", "iiiii:i", no_descriptor},
  {wasi, "sock_shutdown", "ii:i", no_descriptor},
  {wasi, "clock_res_get", "ii:i", clock_res_get},
  {wasi, "sched_yield", ":i", sched_yield},
  {wasi, "clock_time_get", "iIi:i", clock_time_get},
  {wasi, "random_get", "ii:i", random_get},
  {wasi, "args_get", "ii:i", no_strings},
  {wasi, "args_sizes_get", "ii:i", no_string_sizes},
  {wasi, "environ_get", "ii:i", no_strings},
  {wasi, "environ_sizes_get", "ii:i", no_string_sizes},
  {wasi, "proc_exit", "i:", proc_exit},
};

constexpr wasm_import sleep_table[] = {
  {wasi, "poll_oneoff", "iiii:i", poll_oneoff},
};

} // namespace

std::uint64_t read_guest_clock(const host_state& state, guest_clock clock) {
  auto is_realtime = clock == guest_clock::realtime;
  timespec now{};
  clock_gettime(is_realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u
         + static_cast<std::uint64_t>(now.tv_nsec)
         + (is_realtime ? 0 : state.monotonic_offset);
}

void flush_lines(host_state& state) {
  for (std::uint32_t stream : {1, 2})
    if (!state.lines[stream - 1].empty())
      print(state, stream, "\n");
}

std::span<const wasm_import> wasi_imports() {
  return wasi_table;
}

std::span<const wasm_import> wasi_sleep_imports() {
  return sleep_table;
}

} // namespace edgeless
