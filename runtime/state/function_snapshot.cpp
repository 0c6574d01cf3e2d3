// SPDX-License-Identifier: MIT
#include "runtime/state/function_snapshot.hpp"

#include "runtime/base/sha256.hpp"
#include "runtime/base/utf8.hpp"
#include "runtime/state/memory_runs.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <concepts>

namespace edgeless {

namespace {

constexpr std::string_view snapshot_magic = "EDGELESS";
constexpr std::uint32_t snapshot_version = 1;
constexpr std::size_t checksum_size = 64;
constexpr std::uint64_t wasm_page = 65536;
constexpr std::uint8_t last_kind = 4;

template <std::unsigned_integral T>
void put_number(std::string& to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    to += static_cast<char>(std::uint64_t{value} >> (8 * i));
}

void put_text(std::string& to, std::string_view text) {
  put_number(to, static_cast<std::uint32_t>(text.size()));
  to += text;
}

/// Reads forward, never beyond the end. After a failure, everything is empty.
class snapshot_reader {
public:
  explicit snapshot_reader(std::string_view bytes) : bytes_{bytes} {
    // nop
  }

  bool ok() const {
    return ok_;
  }

  bool at_end() const {
    return bytes_.empty();
  }

  void fail() {
    ok_ = false;
    bytes_ = {};
  }

  std::string_view take(std::uint64_t size) {
    if (size > bytes_.size()) {
      fail();
      return {};
    }
    auto result = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return result;
  }

  template <std::unsigned_integral T>
  T number() {
    std::uint64_t result = 0;
    int shift = 0;
    for (char x : take(sizeof(T))) {
      result |= std::uint64_t{static_cast<unsigned char>(x)} << shift;
      shift += 8;
    }
    return static_cast<T>(result);
  }

  std::string_view text(std::size_t max) {
    auto size = number<std::uint32_t>();
    if (size > max)
      fail();
    return take(ok_ ? size : 0);
  }

private:
  std::string_view bytes_;
  bool ok_ = true;
};

void put_head(std::string& to, const guest_state& x) {
  put_number(to, x.memory);
  put_number(to, x.monotonic);
  put_number(to, x.captured_at);
  for (auto& line : x.lines)
    put_text(to, std::string_view{line});
  put_number(to, static_cast<std::uint32_t>(x.globals.size()));
  for (auto& y : x.globals) {
    put_number(to, y.kind);
    to.append(y.value.data(), y.value.size());
  }
}

guest_state read_head(snapshot_reader& in) {
  guest_state x;
  x.memory = in.number<std::uint64_t>();
  x.monotonic = in.number<std::uint64_t>();
  x.captured_at = in.number<std::uint64_t>();
  for (auto& line : x.lines)
    line = in.text(limits::log_text);
  auto count = in.number<std::uint32_t>();
  if (count > limits::captured_globals || x.memory % wasm_page != 0
      || x.memory > limits::guest_memory)
    in.fail();
  for (; count > 0 && in.ok(); --count) {
    guest_state::global y;
    y.kind = in.number<std::uint8_t>();
    std::ranges::copy(in.take(y.value.size()), y.value.begin());
    if (y.kind > last_kind)
      in.fail();
    x.globals.push_back(y);
  }
  return x;
}

void read_delayed(snapshot_reader& in,
                  std::vector<function_snapshot::delayed_cast>& out) {
  auto count = in.number<std::uint32_t>();
  if (count > limits::delayed_casts)
    in.fail();
  for (; count > 0 && in.ok(); --count) {
    function_snapshot::delayed_cast x;
    auto remaining = in.number<std::uint64_t>();
    x.channel = in.text(limits::text);
    x.payload = in.text(limits::payload);
    if (remaining > static_cast<std::uint64_t>(limits::delay.count())
        || !is_utf8(x.channel))
      in.fail();
    x.remaining
      = std::chrono::milliseconds{static_cast<std::int64_t>(remaining)};
    out.push_back(std::move(x));
  }
}

caf::error bad_snapshot(std::string_view reason) {
  return fail(ec::bad_input,
              "this is no snapshot of a function: " + std::string{reason});
}

} // namespace

std::string encode_state_head(const guest_state& x) {
  std::string result;
  put_head(result, x);
  return result;
}

caf::expected<guest_state> decode_state_head(std::string_view bytes) {
  snapshot_reader in{bytes};
  auto result = read_head(in);
  if (!in.ok() || !in.at_end())
    return bad_snapshot("its head is malformed");
  return result;
}

std::string encode_snapshot(const function_snapshot& x) {
  std::string result{snapshot_magic};
  put_number(result, snapshot_version);
  result += x.code;
  put_number(result, static_cast<std::uint32_t>(x.delayed.size()));
  for (auto& y : x.delayed) {
    put_number(result, static_cast<std::uint64_t>(
                         std::max<std::int64_t>(y.remaining.count(), 0)));
    put_text(result, std::string_view{y.channel});
    put_text(result, std::string_view{y.payload});
  }
  put_head(result, x.guest);
  put_number(result, std::uint64_t{x.guest.runs.size()});
  result.reserve(result.size() + x.guest.runs.size() + checksum_size);
  result += x.guest.runs;
  result += sha256(result);
  return result;
}

caf::expected<function_snapshot> decode_snapshot(std::string_view bytes) {
  if (bytes.size() < checksum_size || !bytes.starts_with(snapshot_magic))
    return bad_snapshot("it does not begin with EDGELESS");
  snapshot_reader in{bytes.substr(0, bytes.size() - checksum_size)};
  in.take(snapshot_magic.size());
  if (auto version = in.number<std::uint32_t>(); version != snapshot_version)
    return bad_snapshot("it has version " + std::to_string(version)
                        + ", expected 1");
  if (sha256(bytes.substr(0, bytes.size() - checksum_size))
      != bytes.substr(bytes.size() - checksum_size))
    return bad_snapshot("its checksum is wrong: it is damaged or truncated");
  function_snapshot x;
  x.code = in.take(checksum_size);
  read_delayed(in, x.delayed);
  x.guest = read_head(in);
  x.guest.runs = in.take(in.number<std::uint64_t>());
  if (!in.ok() || !in.at_end() || !is_sha256(x.code)
      || !are_valid_runs(x.guest.runs, x.guest.memory))
    return bad_snapshot("it is malformed");
  return x;
}

} // namespace edgeless
