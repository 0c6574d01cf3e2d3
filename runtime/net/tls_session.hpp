// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/refusal.hpp"
#include "runtime/net/tls_identity.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;

namespace edgeless {

/// The largest number of bytes that one write() encrypts: eight records.
constexpr std::size_t tls_write = 128u << 10;
/// Records written with one key before a key update, far below the limit of
/// RFC 8446, section 5.5.
constexpr std::uint64_t tls_records_per_key = 1u << 22;

/// TLS 1.3 over a connected non-blocking socket, which the caller owns and
/// passes to each function. The certificate comes from a tls_context. Used by
/// one thread at a time.
class tls_session {
public:
  enum class side : std::uint8_t { accepting, dialling };
  /// The state of the handshake, and what it waits for.
  enum class progress : std::uint8_t { done, wants_read, wants_write, failed };

  /// `peers`: the roles that the peer may have.
  tls_session(ssl_ctx_st* context, side which, std::vector<peer_role> peers,
              std::uint64_t records_per_key = tls_records_per_key);
  tls_session(const tls_session&) = delete;
  tls_session& operator=(const tls_session&) = delete;
  ~tls_session();

  progress handshake(int fd);

  /// The identity of the peer, with one of the expected roles. Valid after the
  /// handshake.
  const tls_identity& peer() const;

  /// The reason of a failed handshake, as it is counted.
  refusal verdict() const;
  /// The explanation of a failed handshake, for people.
  const std::string& problem() const;

  /// As byte_stream::read().
  std::ptrdiff_t read(int fd, std::span<char> target);

  /// As byte_stream::read_rest(): 0 when no whole record is left.
  std::ptrdiff_t read_rest(std::span<char> target);

  /// As byte_stream::write(). Returns 0 until all bytes of the call have been
  /// sent; until then it must be called with the same bytes.
  std::ptrdiff_t write(int fd, std::string_view source);

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace edgeless
