// SPDX-License-Identifier: MIT
#include "runtime/net/tls_session.hpp"

#include "runtime/net/socket.hpp"
#include "runtime/net/tls_certificate.hpp"
#include "runtime/wasm/owned.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace edgeless {

namespace {

/// The limit of unsent bytes: the records of one write(), and messages of TLS
/// itself. A peer that causes more of these without reading them is hostile.
constexpr std::size_t unsent_max = tls_write + (64u << 10);
/// A larger buffer is freed as soon as it is empty.
constexpr std::size_t kept_buffer = 32u << 10;
/// Reads in a row that may yield nothing but messages of TLS itself.
constexpr int max_empty_reads = 8;

constexpr std::size_t record = SSL3_RT_MAX_PLAIN_LENGTH;

} // namespace

struct tls_session::state {
  owned<SSL, SSL_free> ssl;
  std::vector<peer_role> peers;
  std::uint64_t records_per_key = 0;
  std::uint64_t records = 0; ///< under the key in use

  int fd = -1;
  bool may_receive = false;
  bool starved = false; ///< the socket has no more bytes
  bool is_closed = false;
  int socket_error = 0;

  std::string unsent;
  std::size_t sent = 0; ///< of `unsent`
  /// Bytes of the caller that are in `unsent` and not reported as written.
  std::size_t encrypted = 0;

  bool handshake_done = false;
  tls_identity peer;
  refusal verdict = refusal::none;
  std::string problem;

  // -- between OpenSSL and the socket --
  int receive(BIO* bio, char* target, int size);
  int keep(const char* source, int size);
  bool flush();
  bool has_unsent() const {
    return sent < unsent.size();
  }

  // -- the certificate --
  bool classify(bool trusted, X509_STORE_CTX* chain);
  void explain_failure(int code);
  void fail(refusal reason, std::string why);

  std::ptrdiff_t read(std::span<char> target);
};

// -- between OpenSSL and the socket -------------------------------------------

namespace {

/// The BIO between OpenSSL and a socket. Written records are collected, so that
/// one system call sends many of them, and a closed socket raises no signal.
template <class State>
BIO_METHOD* socket_method() {
  static auto method = [] {
    auto x = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
                          "edgeless socket");
    BIO_meth_set_write(x, [](BIO* bio, const char* source, int size) {
      return static_cast<State*>(BIO_get_data(bio))->keep(source, size);
    });
    BIO_meth_set_read(x, [](BIO* bio, char* target, int size) {
      return static_cast<State*>(BIO_get_data(bio))->receive(bio, target, size);
    });
    BIO_meth_set_ctrl(x, [](BIO*, int command, long, void*) -> long {
      return command == BIO_CTRL_FLUSH;
    });
    return x;
  }();
  return method;
}

} // namespace

int tls_session::state::receive(BIO* bio, char* target, int size) {
  BIO_clear_retry_flags(bio);
  auto n
    = may_receive ? ::recv(fd, target, static_cast<std::size_t>(size), 0) : -1;
  if (n > 0)
    return static_cast<int>(n);
  if (!may_receive || (n < 0 && (errno == EAGAIN || errno == EINTR))) {
    starved = true;
    BIO_set_retry_read(bio);
    return -1;
  }
  is_closed = true;
  socket_error = n < 0 ? errno : 0;
  return n < 0 ? -1 : 0;
}

int tls_session::state::keep(const char* source, int size) {
  auto length = static_cast<std::size_t>(size);
  if (unsent.size() + length > unsent_max)
    return -1;
  unsent.append(source, length);
  return size;
}

/// False if the connection is broken.
bool tls_session::state::flush() {
  while (has_unsent()) {
    auto n
      = ::send(fd, unsent.data() + sent, unsent.size() - sent, MSG_NOSIGNAL);
    if (n < 0)
      return errno == EAGAIN || errno == EINTR;
    sent += static_cast<std::size_t>(n);
  }
  sent = 0;
  if (unsent.capacity() > kept_buffer)
    std::string{}.swap(unsent);
  else
    unsent.clear();
  return true;
}

// -- the certificate ----------------------------------------------------------

void tls_session::state::fail(refusal reason, std::string why) {
  if (verdict != refusal::none)
    return; // the first reason is the cause of the others
  verdict = reason;
  problem = std::move(why);
}

bool tls_session::state::classify(bool trusted, X509_STORE_CTX* chain) {
  auto certificate = X509_STORE_CTX_get_current_cert(chain);
  auto names = identities_of(certificate);
  std::string all;
  for (auto& x : names)
    all += (all.empty() ? "" : ", ") + to_string(x);
  if (!trusted) {
    fail(refusal::bad_certificate,
         (all.empty() ? "certificate without identity"
                      : "the certificate of " + all)
           + std::string{": "}
           + X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain)));
    return false;
  }
  if (X509_STORE_CTX_get_error_depth(chain) > 0)
    return true; // the certificate of an authority
  for (auto& x : names)
    if (std::ranges::count(peers, x.role) > 0) {
      peer = x;
      return true;
    }
  std::string wanted;
  for (auto x : peers)
    wanted += (wanted.empty() ? "" : " or ") + std::string{to_string(x)};
  fail(refusal::wrong_role, (all.empty() ? "a certificate without identity"
                                         : "the certificate of " + all)
                              + "; expected: " + wanted);
  X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
  return false;
}

void tls_session::state::explain_failure(int code) {
  auto error = ERR_peek_error();
  auto reason = ERR_GET_REASON(error);
  auto text = ERR_reason_error_string(error);
  if (reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE)
    return fail(refusal::bad_certificate,
                "peer refused our certificate: its role is not admitted");
  if (reason > SSL_AD_REASON_OFFSET)
    return fail(refusal::bad_certificate,
                "peer refused our certificate: "
                  + std::string{text ? text : "TLS alert"});
  if (is_closed || code == SSL_ERROR_SYSCALL || code == SSL_ERROR_ZERO_RETURN)
    return fail(refusal::handshake_aborted,
                socket_error != 0 ? cause(socket_error)
                                  : "peer closed the connection during the "
                                    "TLS handshake");
  if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
    return fail(refusal::bad_certificate, "peer sent no certificate");
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST
      || reason == SSL_R_HTTPS_PROXY_REQUEST)
    return fail(refusal::bad_tls, "peer does not use TLS");
  fail(refusal::bad_tls, text ? text : "the TLS handshake failed");
}

// -- the session --------------------------------------------------------------

tls_session::tls_session(ssl_ctx_st* context, side which,
                         std::vector<peer_role> peers,
                         std::uint64_t records_per_key)
  : state_{std::make_unique<state>()} {
  auto& x = *state_;
  x.peers = std::move(peers);
  x.records_per_key = records_per_key;
  x.ssl.reset(SSL_new(context));
  auto bio = BIO_new(socket_method<state>());
  if (!x.ssl || bio == nullptr) {
    BIO_free(bio);
    x.fail(refusal::bad_tls, "no memory for a TLS session");
    return;
  }
  BIO_set_data(bio, &x);
  BIO_set_init(bio, 1);
  SSL_set_bio(x.ssl.get(), bio, bio);
  SSL_set_app_data(x.ssl.get(), &x);
  SSL_set_verify(x.ssl.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                 [](int trusted, X509_STORE_CTX* chain) -> int {
                   auto ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(
                     chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
                   return static_cast<state*>(SSL_get_app_data(ssl))
                     ->classify(trusted == 1, chain);
                 });
  if (which == side::accepting)
    SSL_set_accept_state(x.ssl.get());
  else
    SSL_set_connect_state(x.ssl.get());
}

tls_session::~tls_session() = default;

tls_session::progress tls_session::handshake(int fd) {
  auto& x = *state_;
  x.fd = fd;
  if (x.verdict != refusal::none)
    return progress::failed;
  if (!x.handshake_done) {
    x.may_receive = true;
    ERR_clear_error();
    auto result = SSL_do_handshake(x.ssl.get());
    x.may_receive = false;
    x.handshake_done = result == 1;
    if (auto code = SSL_get_error(x.ssl.get(), result);
        !x.handshake_done && code != SSL_ERROR_WANT_READ)
      x.explain_failure(code);
  }
  if (!x.flush()) // sends the alert of a failure, too
    x.fail(refusal::handshake_aborted,
           "peer closed the connection during the TLS "
           "handshake");
  if (x.verdict != refusal::none)
    return progress::failed;
  if (x.has_unsent())
    return progress::wants_write;
  return x.handshake_done ? progress::done : progress::wants_read;
}

const tls_identity& tls_session::peer() const {
  return state_->peer;
}

refusal tls_session::verdict() const {
  return state_->verdict;
}

const std::string& tls_session::problem() const {
  return state_->problem;
}

std::ptrdiff_t tls_session::state::read(std::span<char> target) {
  auto size = static_cast<int>(std::min(target.size(), record));
  for (int i = 0; i < max_empty_reads; ++i) {
    starved = false;
    ERR_clear_error();
    auto n = SSL_read(ssl.get(), target.data(), size);
    auto code = SSL_get_error(ssl.get(), n);
    if (has_unsent() && !flush())
      return -1;
    if (n > 0)
      return n;
    if (code != SSL_ERROR_WANT_READ) {
      explain_failure(code);
      return -1;
    }
    // Otherwise that was a message of TLS itself.
    if (starved)
      return 0;
  }
  fail(refusal::bad_tls, "peer sends TLS messages without content");
  return -1;
}

std::ptrdiff_t tls_session::read(int fd, std::span<char> target) {
  auto& x = *state_;
  x.fd = fd;
  x.may_receive = true;
  auto n = x.read(target);
  x.may_receive = false;
  return n;
}

std::ptrdiff_t tls_session::read_rest(std::span<char> target) {
  if (SSL_has_pending(state_->ssl.get()) == 0)
    return 0;
  return state_->read(target);
}

std::ptrdiff_t tls_session::write(int fd, std::string_view source) {
  auto& x = *state_;
  x.fd = fd;
  if (!x.flush())
    return -1;
  if (x.has_unsent())
    return 0;
  if (x.encrypted == 0 && !source.empty()) {
    auto size = std::min(source.size(), tls_write);
    x.records += (size + record - 1) / record;
    if (x.records > x.records_per_key) {
      x.records = 0;
      SSL_key_update(x.ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
    }
    ERR_clear_error();
    x.unsent.reserve(size + (size / record + 2) * 64);
    auto n = SSL_write(x.ssl.get(), source.data(), static_cast<int>(size));
    if (n != static_cast<int>(size))
      return -1;
    x.encrypted = size;
    if (!x.flush())
      return -1;
    if (x.has_unsent())
      return 0;
  }
  return static_cast<std::ptrdiff_t>(std::exchange(x.encrypted, 0));
}

} // namespace edgeless
