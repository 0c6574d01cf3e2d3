// SPDX-License-Identifier: MIT
#include "runtime/drivers/mqtt.hpp"

#include "runtime/drivers/driver.hpp"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace edgeless {

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

/// libmosquitto is told that it is used by several threads: then it queues what
/// it has to write instead of writing at once, in particular acknowledgements,
/// which leave when the loop says so.
class connection : public mqtt_connection,
                   public std::enable_shared_from_this<connection> {
public:
  connection(mqtt_options options, std::shared_ptr<mqtt_handler> handler)
    : options_{std::move(options)}, handler_{std::move(handler)},
      wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    // nop
  }

  ~connection() override {
    if (client_)
      mosquitto_destroy(client_);
    ::close(wake_);
  }

  void start() {
    // A name look-up may block: the one that closes the connection does not
    // wait.
    std::thread{[me = shared_from_this()] {
      me->run();
    }}.detach();
  }

  void wake() override {
    std::uint64_t one = 1;
    if (::write(wake_, &one, sizeof one) < 0)
      return; // it is awake
  }

  void close() override {
    closed_ = true;
    wake();
  }

  std::optional<int> publish(const mqtt_message& x) override {
    int id = 0;
    if (mosquitto_publish(client_, &id, x.topic.c_str(),
                          static_cast<int>(x.payload.size()), x.payload.data(),
                          x.qos, x.is_retained)
        != MOSQ_ERR_SUCCESS)
      return std::nullopt;
    return id;
  }

private:
  static connection& of(void* me) {
    return *static_cast<connection*>(me);
  }

  void run() {
    auto pause = options_.pause_min;
    auto problem = prepare();
    while (!closed_) {
      is_connected_ = false;
      if (problem == MOSQ_ERR_SUCCESS)
        problem = connect();
      if (problem == MOSQ_ERR_SUCCESS)
        problem = serve();
      if (is_connected_)
        pause = options_.pause_min;
      if (!closed_)
        handler_->on_disconnected(refusal_.empty() ? explain(problem)
                                                   : refusal_);
      wait(pause);
      problem = is_prepared_ ? MOSQ_ERR_SUCCESS : prepare();
      pause = std::min(2 * pause, options_.pause_max);
    }
    if (is_connected_ && is_clean_end_) {
      mosquitto_disconnect(client_);
      mosquitto_loop_write(client_, 1);
    }
    handler_->on_disconnected("");
    handler_ = nullptr;
  }

  static std::string explain(int code) {
    return code == MOSQ_ERR_ERRNO ? std::string{::strerror(errno)}
                                  : std::string{mosquitto_strerror(code)};
  }

  int prepare() {
    auto keeps_session = options_.session > 0s;
    if (client_)
      mosquitto_destroy(client_);
    client_ = mosquitto_new(options_.client_id.c_str(), !keeps_session, this);
    if (!client_)
      return MOSQ_ERR_NOMEM;
    mosquitto_threaded_set(client_, true);
    mosquitto_int_option(client_, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_int_option(client_, MOSQ_OPT_PROTOCOL_VERSION,
                         options_.is_version_5 ? MQTT_PROTOCOL_V5
                                               : MQTT_PROTOCOL_V311);
    // libmosquitto 2.0 does not give back what messages of QoS 2 take of this
    // quota, and breaks the connection when it is used up.
    mosquitto_int_option(client_, MOSQ_OPT_RECEIVE_MAXIMUM, 65535);
    mosquitto_max_inflight_messages_set(
      client_, static_cast<unsigned>(options_.in_flight));
    int code = MOSQ_ERR_SUCCESS;
    auto check = [&code](int x) {
      if (code == MOSQ_ERR_SUCCESS)
        code = x;
    };
    if (!options_.user.empty())
      check(mosquitto_username_pw_set(client_, options_.user.c_str(),
                                      options_.password.c_str()));
    if (auto& will = options_.will)
      check(mosquitto_will_set(
        client_, will->topic.c_str(), static_cast<int>(will->payload.size()),
        will->payload.data(), will->qos, will->is_retained));
    if (options_.uses_tls)
      check(set_tls());
    if (options_.is_version_5 && keeps_session)
      set_session_expiry();
    mosquitto_connect_with_flags_callback_set(
      client_, [](mosquitto*, void* me, int code, int flags) {
        of(me).on_connack(code, flags);
      });
    mosquitto_publish_v5_callback_set(
      client_,
      [](mosquitto*, void* me, int id, int reason, const mosquitto_property*) {
        of(me).handler_->on_acknowledged(of(me), id, reason < 0x80);
      });
    mosquitto_message_callback_set(
      client_, [](mosquitto*, void* me, const mosquitto_message* x) {
        of(me).on_message(*x);
      });
    mosquitto_subscribe_callback_set(
      client_, [](mosquitto*, void* me, int, int n, const int* granted) {
        if (std::any_of(granted, granted + n, [](int x) { return x >= 0x80; }))
          of(me).refusal_ = "the broker refuses a subscription";
      });
    is_prepared_ = code == MOSQ_ERR_SUCCESS;
    return code;
  }

  int set_tls() {
    auto text = [](const std::string& x) {
      return x.empty() ? nullptr : x.c_str();
    };
    if (options_.ca.empty())
      mosquitto_int_option(client_, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
    return mosquitto_tls_set(client_, text(options_.ca), nullptr,
                             text(options_.certificate), text(options_.key),
                             nullptr);
  }

  /// Only the blocking connect takes properties. It keeps them although this
  /// keep-alive is not valid, and connect() sends them (libmosquitto 2.0).
  void set_session_expiry() {
    mosquitto_property* list = nullptr;
    mosquitto_property_add_int32(
      &list, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
      static_cast<std::uint32_t>(options_.session.count()));
    mosquitto_connect_bind_v5(client_, options_.host.c_str(), options_.port, 1,
                              nullptr, list);
    mosquitto_property_free_all(&list);
  }

  int connect() {
    refusal_.clear();
    deadline_ = clock_type::now() + options_.connect_timeout;
    auto code
      = mosquitto_connect_async(client_, options_.host.c_str(), options_.port,
                                static_cast<int>(options_.keep_alive.count()));
    return code == MOSQ_ERR_CONN_PENDING ? MOSQ_ERR_SUCCESS : code;
  }

  /// Until the connection breaks; returns why.
  int serve() {
    auto code = MOSQ_ERR_SUCCESS;
    while (!closed_) {
      auto verdict = acceptance::accepted;
      if (unaccepted_ > 0)
        verdict = handler_->accepted();
      if (verdict == acceptance::refused)
        return drop("the messages were not accepted");
      if (verdict == acceptance::accepted)
        unaccepted_ = 0;
      auto is_pending = verdict == acceptance::pending;
      if (code = await(is_pending); code != MOSQ_ERR_SUCCESS)
        break;
      if (!refusal_.empty())
        return drop(refusal_);
      if (!is_connected_ && clock_type::now() >= deadline_)
        return drop("the broker does not answer");
    }
    // A clean end would acknowledge what is pending.
    is_clean_end_
      = closed_
        && (unaccepted_ == 0 || handler_->accepted() == acceptance::accepted);
    unaccepted_ = 0;
    return code;
  }

  using acceptance = mqtt_handler::acceptance;

  /// Closes the socket without a word: nothing else gets rid of what waits to
  /// be written, while the session is kept.
  int drop(const std::string& why) {
    refusal_ = why;
    unaccepted_ = 0;
    is_dropping_ = true;
    if (auto fd = mosquitto_socket(client_); fd >= 0)
      ::shutdown(fd, SHUT_RDWR);
    while (mosquitto_loop_read(client_, 1) == MOSQ_ERR_SUCCESS) {
    }
    is_dropping_ = false;
    return MOSQ_ERR_CONN_LOST;
  }

  mosq_err_t await(bool is_pending) {
    auto fd = mosquitto_socket(client_);
    if (fd < 0)
      return MOSQ_ERR_CONN_LOST;
    auto wanted = mosquitto_want_write(client_) ? POLLIN | POLLOUT : POLLIN;
    pollfd fds[] = {{wake_, POLLIN, 0}, {fd, static_cast<short>(wanted), 0}};
    ::poll(fds, is_pending ? 1 : 2, is_connected_ ? 1000 : 100);
    take_wake(fds[0].revents);
    auto code = MOSQ_ERR_SUCCESS;
    if (is_pending)
      return code;
    if (fds[1].revents & ~POLLOUT)
      code = read_all(fd);
    if (unaccepted_ == 0 && code == MOSQ_ERR_SUCCESS
        && mosquitto_want_write(client_))
      code = static_cast<mosq_err_t>(mosquitto_loop_write(client_, 1));
    if (code == MOSQ_ERR_SUCCESS && is_connected_ && unaccepted_ == 0)
      code = static_cast<mosq_err_t>(mosquitto_loop_misc(client_));
    return code;
  }

  mosq_err_t read_all(int fd) {
    pollfd more{fd, POLLIN, 0};
    for (;;) {
      auto code = static_cast<mosq_err_t>(mosquitto_loop_read(client_, 1));
      auto* tls = static_cast<SSL*>(mosquitto_ssl_get(client_));
      auto is_readable
        = (tls && ::SSL_pending(tls) > 0) || ::poll(&more, 1, 0) > 0;
      if (code != MOSQ_ERR_SUCCESS || !is_readable || !refusal_.empty()
          || unaccepted_ >= options_.batch)
        return code;
    }
  }

  void take_wake(short events) {
    std::uint64_t count;
    if (events != 0 && ::read(wake_, &count, sizeof count) > 0 && !closed_)
      handler_->on_wake(*this);
  }

  void wait(std::chrono::milliseconds pause) {
    auto end = clock_type::now() + pause;
    for (auto left = pause; !closed_ && left > 0ms;
         left = std::chrono::ceil<std::chrono::milliseconds>(
           end - clock_type::now())) {
      pollfd fd{wake_, POLLIN, 0};
      ::poll(&fd, 1, static_cast<int>(left.count()));
      take_wake(fd.revents);
    }
  }

  void on_connack(int code, int flags) {
    if (code != 0) {
      refusal_ = options_.is_version_5 ? mosquitto_reason_string(code)
                                       : mosquitto_connack_string(code);
      return;
    }
    is_connected_ = true;
    // A kept session has its subscriptions; a new one would have all retained
    // messages delivered again.
    std::vector<char*> filters;
    for (auto& x : options_.filters)
      filters.push_back(x.data());
    if ((flags & 1) == 0 && !filters.empty())
      mosquitto_subscribe_multiple(client_, nullptr,
                                   static_cast<int>(filters.size()),
                                   filters.data(), options_.qos, 0, nullptr);
    handler_->on_connected(shared_from_this());
  }

  void on_message(const mosquitto_message& x) {
    if (is_dropping_)
      return;
    ++unaccepted_;
    handler_->on_message({x.topic,
                          {static_cast<const char*>(x.payload),
                           static_cast<std::size_t>(x.payloadlen)},
                          x.qos,
                          x.retain});
  }

  mqtt_options options_;
  std::shared_ptr<mqtt_handler> handler_;
  int wake_;
  std::atomic<bool> closed_{false};
  mosquitto* client_ = nullptr;
  bool is_prepared_ = false;
  bool is_connected_ = false;
  bool is_clean_end_ = false;
  bool is_dropping_ = false; ///< in drop(), what still arrives is ignored
  int unaccepted_ = 0;       ///< messages since the last acceptance
  std::string refusal_;      ///< why the broker or the handler ends it
  clock_type::time_point deadline_;
};

class mosquitto_driver : public mqtt_driver {
public:
  mosquitto_driver() {
    mosquitto_lib_init();
  }

  mqtt_connection_ptr open(mqtt_options options,
                           std::shared_ptr<mqtt_handler> handler) override {
    auto result
      = std::make_shared<connection>(std::move(options), std::move(handler));
    result->start();
    return result;
  }
};

} // namespace

} // namespace edgeless

EDGELESS_DRIVER(edgeless::mqtt_driver, edgeless::mosquitto_driver)
