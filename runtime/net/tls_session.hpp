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

/// What is encrypted at once, of what waits to be written: eight records.
constexpr std::size_t tls_write = 128u << 10;
/// Records are written under one key, then it is renewed: long before an
/// attacker could learn anything from so many (RFC 8446, 5.5).
constexpr std::uint64_t tls_records_per_key = 1u << 22;

/// TLS 1.3 over one connected socket, which never blocks. Its certificate and
/// rules come from a tls_context. Used by one thread at a time; whoever uses it
/// names the socket, and owns it.
class tls_session {
public:
  enum class side : std::uint8_t { accepting, dialling };
  /// How far the handshake is, and what it waits for.
  enum class progress : std::uint8_t { done, wants_read, wants_write, failed };

  /// `peers`: who may be on the other side.
  tls_session(ssl_ctx_st* context, side which, std::vector<peer_role> peers,
              std::uint64_t records_per_key = tls_records_per_key);
  tls_session(const tls_session&) = delete;
  tls_session& operator=(const tls_session&) = delete;
  ~tls_session();

  progress handshake(int fd);

  /// Who is there: one of the roles asked for. After the handshake.
  const tls_identity& peer() const;

  /// Why the handshake has failed: a reason that is counted...
  refusal verdict() const;
  /// ...and for people.
  const std::string& problem() const;

  /// As byte_stream's. What has been received beyond the record in hand is
  /// not told of by the socket: see read_rest().
  std::ptrdiff_t read(int fd, std::span<char> target);

  /// The same without receiving anything: 0 when no whole record is left.
  std::ptrdiff_t read_rest(std::span<char> target);

  /// As byte_stream's. Bytes count as gone when all of them have left; until
  /// then, it has to be called with the same ones.
  std::ptrdiff_t write(int fd, std::string_view source);

private:
  struct machine;
  std::unique_ptr<machine> machine_;
};

} // namespace edgeless
