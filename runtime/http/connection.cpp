// SPDX-License-Identifier: MIT
#include "runtime/http/connection.hpp"

#include "runtime/http/framing.hpp"

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <array>
#include <cassert>
#include <chrono>
#include <optional>

namespace edgeless {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

using asio::ip::tcp;
using boost::beast::error_code;
using tls_stream = asio::ssl::stream<tcp::socket>;
using clock = std::chrono::steady_clock;

tcp::socket& socket_of(tcp::socket& x) {
  return x;
}
tcp::socket& socket_of(tls_stream& x) {
  return x.next_layer();
}

/// Small, since most connections are idle most of the time.
constexpr std::size_t first_read = 512;
constexpr std::size_t next_read = 16384;
/// What is read and discarded so that the client gets the last response before
/// its connection is reset.
constexpr std::size_t linger_bytes = 256u << 10;
constexpr auto linger_time = std::chrono::seconds{1};

constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

bool is_parse_error(error_code x) {
  return x.category()
         == http::make_error_code(http::error::bad_method).category();
}

template <class Stream>
class connection final
  : public http_connection,
    public std::enable_shared_from_this<connection<Stream>> {
public:
  using server_ptr = std::shared_ptr<http_server_state>;

  template <class... Ts>
  connection(const server_ptr& server, tcp::socket socket, Ts&... tls)
    : server_{server.get()}, stream_{std::move(socket), tls...},
      timer_{server->io}, buffer_{limits::http_header + next_read} {
    server_->connections.insert(this);
    ++server_->statistics.open;
  }

  ~connection() override {
    assert(server_->bodies >= body_bytes_);
    server_->bodies -= body_bytes_;
    server_->connections.erase(this);
    --server_->statistics.open;
  }

  void start() {
    deadline_ = clock::now() + server_->options.header_time;
    watch();
    if constexpr (std::is_same_v<Stream, tls_stream>) {
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = self()](error_code e) {
                                if (!e)
                                  self->await_request();
                              });
    } else {
      await_request();
    }
  }

  void drain() override {
    must_close_ = true;
    if (is_idle_)
      close();
  }

private:
  auto self() {
    return this->shared_from_this();
  }

  // -- deadlines --------------------------------------------------------------

  void expire_after(std::chrono::milliseconds x) {
    deadline_ = clock::now() + x;
    // The timer runs until the earliest deadline that it knows.
    if (deadline_ < timer_.expiry())
      timer_.cancel();
  }

  void watch() {
    timer_.expires_at(
      std::min(deadline_, clock::now() + server_->options.idle));
    timer_.async_wait([weak = this->weak_from_this()](error_code) {
      if (auto me = weak.lock())
        me->on_timer();
    });
  }

  void on_timer() {
    if (!socket_of(stream_).is_open())
      return;
    if (clock::now() < deadline_)
      return watch();
    is_late_ = true;
    deadline_ = clock::time_point::max();
    error_code ignored;
    socket_of(stream_).cancel(ignored);
    watch();
  }

  // -- receiving --------------------------------------------------------------

  void await_request() {
    if (must_close_)
      return close();
    if (buffer_.size() > 0)
      return read_header();
    buffer_ = boost::beast::flat_buffer{limits::http_header + next_read};
    is_idle_ = true;
    expire_after(server_->options.idle);
    stream_.async_read_some(buffer_.prepare(first_read),
                            [self = self()](error_code e, std::size_t n) {
                              self->is_idle_ = false;
                              if (e || self->must_close_)
                                return self->close();
                              self->buffer_.commit(n);
                              self->read_header();
                            });
  }

  void read_header() {
    parser_.emplace();
    parser_->header_limit(limits::http_header);
    parser_->body_limit(server_->options.body);
    expire_after(server_->options.header_time);
    http::async_read_header(
      stream_, buffer_, *parser_,
      [self = self()](error_code e, std::size_t) { self->on_header(e); });
  }

  void on_header(error_code e) {
    if (e == http::error::end_of_stream)
      return close();
    if (is_late_)
      return refuse(408);
    if (is_parse_error(e))
      return refuse(status_of_refusal(e));
    if (e)
      return close();
    if (auto status = fault_of_header(*parser_, server_->options.body))
      return refuse(status);
    expire_after(server_->options.body_time);
    auto expects = boost::beast::iequals(parser_->get()[http::field::expect],
                                         "100-continue");
    if (!expects || parser_->is_done() || buffer_.size() > 0
        || parser_->get().version() < 11)
      return read_body();
    asio::async_write(stream_, asio::buffer(continue_line),
                      [self = self()](error_code e, std::size_t) {
                        if (e)
                          return self->close();
                        self->read_body();
                      });
  }

  void read_body() {
    if (parser_->is_done())
      return handle();
    http::async_read_some(
      stream_, buffer_, *parser_,
      [self = self()](error_code e, std::size_t) { self->on_body(e); });
  }

  void on_body(error_code e) {
    if (is_late_)
      return refuse(408);
    if (is_parse_error(e) && e != http::error::partial_message)
      return refuse(status_of_refusal(e));
    if (e)
      return close();
    auto bytes = parser_->get().body().size();
    assert(bytes >= body_bytes_);
    server_->bodies += bytes - body_bytes_;
    body_bytes_ = bytes;
    if (server_->bodies > limits::http_bodies)
      return refuse(503);
    read_body();
  }

  // -- responding -------------------------------------------------------------

  void handle() {
    deadline_ = clock::time_point::max();
    received_ = clock::now();
    auto x = parser_->release();
    parser_.reset();
    version_ = x.version();
    is_head_ = x.method() == http::verb::head;
    must_close_ = must_close_ || !x.keep_alive();
    http_request request;
    request.client = client();
    request.method = x.method_string();
    request.target = x.target();
    request.host = x[http::field::host];
    for (auto& field : x)
      request.headers.emplace_back(field.name_string(), field.value());
    request.body = std::move(x.body());
    if (server_->options.on_response)
      access_ = std::make_unique<http_access>(
        http_access{request.client, request.method, request.host,
                    request.target, std::string{x[http::field::user_agent]}});
    server_->handling.insert(self());
    server_->handler(
      std::move(request),
      http_responder{[server = server_->weak_from_this(),
                      me = this->weak_from_this()](http_response y) {
        auto alive = server.lock();
        if (alive)
          asio::post(alive->io, [me, y = std::move(y)]() mutable {
            if (auto to = me.lock())
              to->respond(std::move(y));
          });
      }});
  }

  void respond(http_response x) {
    server_->handling.erase(self());
    server_->bodies -= std::exchange(body_bytes_, 0);
    if (x.status < 200 || x.status > 599)
      x = text_response(502, "the response has no valid status\n");
    response_.emplace(static_cast<http::status>(x.status), version_);
    if (access_) {
      access_->workflow = std::move(x.workflow);
      if (auto* id = find_header(x.headers, "x-request-id"))
        access_->request_id = *id;
    }
    for (auto& [name, value] : x.headers)
      if (is_valid_header(name, value) && !is_hop_by_hop(name))
        response_->insert(name, value);
    must_close_ = must_close_ || server_->is_closing;
    response_->keep_alive(!must_close_);
    auto has_body = x.status != 204 && x.status != 304;
    if (has_body)
      response_->content_length(x.body.size());
    if (has_body && !is_head_)
      response_->body() = std::move(x.body);
    write();
  }

  std::string client() {
    error_code e;
    auto peer = socket_of(stream_).remote_endpoint(e);
    if (e)
      return {};
    auto address = peer.address().to_string();
    auto port = std::to_string(peer.port());
    return peer.address().is_v6() ? "[" + address + "]:" + port
                                  : address + ":" + port;
  }

  /// A request that is not handled. The connection ends: where the next request
  /// would begin is unknown.
  void refuse(unsigned status) {
    is_late_ = false;
    must_close_ = true;
    received_ = clock::now();
    response_.emplace(static_cast<http::status>(status), 11u);
    response_->keep_alive(false);
    response_->set(http::field::content_type, "text/plain");
    if (status == 503)
      response_->set(http::field::retry_after, "1");
    response_->body()
      = std::string{http::obsolete_reason(static_cast<http::status>(status))}
        + "\n";
    response_->content_length(response_->body().size());
    write();
  }

  void write() {
    server_->statistics.count(response_->result_int());
    expire_after(server_->options.write_time);
    http::async_write(
      stream_, *response_,
      [self = self()](error_code e, std::size_t) { self->on_written(e); });
  }

  void on_written(error_code e) {
    auto time = clock::now() - received_;
    server_->statistics.durations.observe(time);
    if (auto& on_response = server_->options.on_response) {
      auto access = std::exchange(access_, nullptr);
      if (!access)
        access = std::make_unique<http_access>(http_access{client()});
      access->status = response_->result_int();
      access->bytes = response_->body().size();
      access->time = time;
      on_response(*access);
    }
    response_.reset();
    if (e)
      return close();
    if (must_close_)
      return linger();
    await_request();
  }

  // -- the end ----------------------------------------------------------------

  /// Bytes that the client has sent and this side has not read would reset the
  /// connection, and the client might lose the response.
  void linger() {
    error_code ignored;
    socket_of(stream_).shutdown(tcp::socket::shutdown_send, ignored);
    parser_.reset();
    expire_after(linger_time);
    discard();
  }

  void discard() {
    socket_of(stream_).async_read_some(
      asio::buffer(scratch()), [self = self()](error_code e, std::size_t n) {
        self->discarded_ += n;
        if (e || self->discarded_ > linger_bytes)
          return self->close();
        self->discard();
      });
  }

  asio::mutable_buffer scratch() {
    buffer_.clear();
    return buffer_.prepare(next_read);
  }

  void close() {
    error_code ignored;
    socket_of(stream_).close(ignored);
    timer_.cancel();
  }

  http_server_state* server_;
  Stream stream_;
  asio::steady_timer timer_;
  clock::time_point deadline_ = clock::time_point::max();
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
  clock::time_point received_;
  std::unique_ptr<http_access> access_; ///< of the request under way
  std::size_t body_bytes_
    = 0; ///< of the request under way, in the server's sum
  std::size_t discarded_ = 0;
  unsigned version_ = 11;
  bool is_idle_ = false; ///< between two requests
  bool is_late_ = false; ///< the deadline has passed
  bool is_head_ = false;
  bool must_close_ = false;
};

} // namespace

void serve_connection(const std::shared_ptr<http_server_state>& server,
                      tcp::socket socket) {
  if (server->tls)
    std::make_shared<connection<tls_stream>>(server, std::move(socket),
                                             *server->tls)
      ->start();
  else
    std::make_shared<connection<tcp::socket>>(server, std::move(socket))
      ->start();
}

} // namespace edgeless
