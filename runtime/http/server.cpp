// SPDX-License-Identifier: MIT
#include "runtime/http/server.hpp"

#include "runtime/base/backoff.hpp"
#include "runtime/base/fd.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/log_throttle.hpp"
#include "runtime/http/connection.hpp"
#include "runtime/net/socket.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>

namespace edgeless {

namespace {

using namespace std::chrono_literals;

namespace asio = boost::asio;

using asio::ip::tcp;
using error_code = boost::system::error_code;

constexpr std::string_view refusal
  = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
    "Content-Length: 0\r\nConnection: close\r\n\r\n";

/// A destroyed server waits so long for responses that are being written.
constexpr auto closing_time = 200ms;

class server final : public http_server {
public:
  server(std::shared_ptr<http_server_state> state, socket_address address)
    : state_{std::move(state)}, address_{address}, acceptor_{state_->io},
      timer_{state_->io} {
    listen();
    thread_ = std::thread{[this] {
      run();
    }};
  }

  ~server() override {
    asio::post(state_->io, [this] { close(); });
    thread_.join();
    state_->handling.clear();
  }

  std::uint16_t port() const override {
    return port_;
  }

  std::string problem() const override {
    std::unique_lock guard{mutex_};
    return problem_;
  }

  const http_statistics& statistics() const override {
    return state_->statistics;
  }

private:
  void run() {
    auto work = asio::make_work_guard(state_->io);
    while (!state_->is_closing)
      state_->io.run_one();
    work.reset();
    state_->io.run_for(closing_time);
  }

  // -- listening --------------------------------------------------------------

  void listen() {
    auto opened = listen_at(address_);
    std::string problem;
    if (opened) {
      auto family = address_.storage.ss_family;
      port_ = port_of(*opened);
      acceptor_.assign(family == AF_INET6 ? tcp::v6() : tcp::v4(),
                       opened->release());
      if (pause_.failures() > 0)
        log_info(state_->options.name, "listens at ", to_string(address_),
                 " now");
      pause_.reset();
      accept();
    } else {
      problem = explain(opened.error());
      if (pause_.failures() == 0)
        log_error(state_->options.name, problem, "; it is tried again");
      retry_after(pause_.fail(), [this] { listen(); });
    }
    std::unique_lock guard{mutex_};
    problem_ = problem;
  }

  template <class F>
  void retry_after(std::chrono::nanoseconds pause, F f) {
    timer_.expires_after(pause);
    timer_.async_wait([f](error_code e) {
      if (!e)
        f();
    });
  }

  void accept() {
    acceptor_.async_accept(
      [this](error_code e, tcp::socket x) { on_accepted(e, std::move(x)); });
  }

  void on_accepted(error_code e, tcp::socket x) {
    if (state_->is_closing)
      return;
    if (!e) {
      on_connection(std::move(x));
      return accept();
    }
    // Another connection ended before it was accepted.
    if (e == asio::error::connection_aborted || e == asio::error::try_again)
      return accept();
    // No file descriptor or no memory is left: others may give some back.
    ++state_->statistics.pauses;
    throttle_("", std::chrono::steady_clock::now(),
              [&](const std::string& omitted) {
                log_warn(state_->options.name,
                         "cannot accept connections: ", e.message(),
                         "; it is tried again", omitted);
              });
    retry_after(limits::http_listen_pause_min, [this] { accept(); });
  }

  void on_connection(tcp::socket x) {
    auto& counts = state_->statistics;
    error_code ignored;
    x.set_option(tcp::no_delay{true}, ignored);
    auto has_room
      = state_->connections.size() < state_->options.connections
        && (state_->options.is_essential || !is_reserved(x.native_handle()));
    if (has_room) {
      ++counts.accepted;
      serve_connection(state_, std::move(x));
      return;
    }
    ++counts.refused;
    x.non_blocking(true, ignored);
    x.write_some(asio::buffer(refusal), ignored);
    x.shutdown(tcp::socket::shutdown_send, ignored);
  }

  void close() {
    state_->is_closing = true;
    error_code ignored;
    acceptor_.close(ignored);
    timer_.cancel();
    auto all = state_->connections;
    for (auto* x : all)
      if (state_->connections.contains(x))
        x->drain();
  }

  std::shared_ptr<http_server_state> state_;
  socket_address address_;
  tcp::acceptor acceptor_;
  asio::steady_timer timer_;
  backoff pause_{limits::http_listen_pause_min, limits::http_listen_pause_max};
  std::atomic<std::uint16_t> port_{0};
  log_throttle throttle_;
  mutable std::mutex mutex_;
  std::string problem_;
  std::thread thread_;
};

caf::expected<std::unique_ptr<asio::ssl::context>>
open_tls(const http_server_options& options) {
  auto result
    = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  error_code e;
  result->set_options(asio::ssl::context::default_workarounds
                        | asio::ssl::context::no_tlsv1
                        | asio::ssl::context::no_tlsv1_1,
                      e);
  result->use_certificate_chain_file(options.certificate, e);
  if (e)
    return fail(ec::bad_input, options.certificate + ": " + e.message());
  result->use_private_key_file(options.key, asio::ssl::context::pem, e);
  if (e)
    return fail(ec::bad_input, options.key + ": " + e.message());
  return result;
}

} // namespace

caf::expected<std::unique_ptr<http_server>>
http_server::open(const url& where, http_handler handler,
                  http_server_options options) {
  auto found = resolve(where, false);
  if (!found)
    return found.error();
  auto state = std::make_shared<http_server_state>();
  if (where.scheme == "https") {
    if (options.certificate.empty())
      return fail(ec::bad_input,
                  "https needs the certificate and key of [tls]");
    auto tls = open_tls(options);
    if (!tls)
      return tls.error();
    state->tls = std::move(*tls);
  } else if (where.scheme != "http") {
    return fail(ec::bad_input, "only http:// and https:// are served");
  }
  state->options = std::move(options);
  state->handler = std::move(handler);
  return std::unique_ptr<http_server>{
    new server(std::move(state), found->front())};
}

} // namespace edgeless
