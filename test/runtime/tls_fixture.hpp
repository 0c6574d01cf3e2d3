// SPDX-License-Identifier: MIT
#pragma once

#include "test/runtime/folder.hpp"
#include "test/runtime/wire_fixture.hpp"

#include "runtime/certificate_authority.hpp"
#include "runtime/tls_keeper.hpp"
#include "runtime/wire_socket.hpp"

#include <doctest/doctest.h>
#include <poll.h>

namespace edgeless {

inline tls_identity node_named(std::uint64_t number) {
  return {peer_role::node, to_string(node_id{1, number})};
}

inline const tls_identity the_controller{peer_role::controller, ""};
inline const tls_identity the_orchestrator{peer_role::orchestrator, "home"};
inline const tls_identity somebody{peer_role::client, "somebody"};

/// An authority in a folder of its own, and whom it vouches for.
class notary {
public:
  notary() {
    REQUIRE(!make_authority(files / ""));
  }

  tls_settings issue(const tls_identity& whom,
                     std::chrono::seconds valid = 1h) {
    certificate_order order;
    order.names = {whom};
    order.valid = valid;
    auto prefix = files / std::to_string(++count_);
    auto problem = issue_certificate(files / "", order, prefix);
    REQUIRE_MESSAGE(!problem, explain(problem));
    return {(files / "ca.pem").string(), prefix.string() + ".pem",
            prefix.string() + ".key"};
  }

  std::shared_ptr<tls_keeper> keeper(const tls_identity& whom,
                                     std::chrono::seconds valid = 1h,
                                     tls_habits habits = {}) {
    auto result = tls_keeper::open(issue(whom, valid), whom, std::move(habits));
    REQUIRE_MESSAGE(result, explain(result.error()));
    return *result;
  }

  /// What a program of that name needs.
  wire_settings wire_of(const tls_identity& whom,
                        std::chrono::seconds valid = 1h) {
    auto result = program::quick();
    // Two handshakes on a busy machine take their time.
    result.handshake = result.dial = ages;
    result.tls = keeper(whom, valid);
    return result;
  }

  folder files;

private:
  int count_ = 0;
};

/// A certificate of `from` for somebody who trusts `to` as well.
inline tls_settings foreign(notary& from, notary& to,
                            const tls_identity& whom) {
  auto result = from.issue(whom);
  std::ifstream one{from.files / "ca.pem"}, two{to.files / "ca.pem"};
  std::stringstream both;
  both << one.rdbuf() << two.rdbuf();
  from.files.write("both.pem", both.str());
  result.ca = (from.files / "both.pem").string();
  return result;
}

/// One end of a connection to `url`, without an actor system behind it.
class visitor {
public:
  visitor(const std::string& url, std::unique_ptr<tls_session> tls)
    : tls_(std::move(tls)) {
    auto address = resolve(*parse_url(url), true);
    socket_ = std::move(*start_connect(address->at(0)));
    wait(POLLOUT);
  }

  /// Whether both sides like each other, as far as this one knows.
  bool shake_hands() {
    for (;;) {
      auto now = tls_->handshake(socket_.get());
      if (now == tls_session::progress::done)
        return true;
      if (now == tls_session::progress::failed)
        return false;
      wait(now == tls_session::progress::wants_read ? POLLIN : POLLOUT);
    }
  }

  bool send(std::string_view bytes) {
    byte_stream stream{socket_.get(), tls_.get()};
    while (!bytes.empty()) {
      auto n = stream.write(bytes);
      if (n < 0)
        return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
      if (n == 0)
        wait(POLLOUT);
    }
    return true;
  }

  /// Whether the other side hangs up.
  bool is_cut() {
    char buffer[4096];
    return eventually([&] {
      wait(POLLIN);
      return byte_stream{socket_.get(), tls_.get()}.read(buffer) < 0;
    });
  }

  int socket() const {
    return socket_.get();
  }

  tls_session* tls() {
    return tls_.get();
  }

private:
  void wait(short what) {
    pollfd x{socket_.get(), what, 0};
    ::poll(&x, 1, 100);
  }

  socket_handle socket_;
  std::unique_ptr<tls_session> tls_;
};

} // namespace edgeless
