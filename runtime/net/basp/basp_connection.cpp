// SPDX-License-Identifier: MIT
#include "runtime/net/basp/basp_connection.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <caf/all.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/stream.hpp>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <optional>
#include <set>

namespace edgeless {

namespace {

using caf::io::network::native_socket;
using caf::io::network::operation;
using caf::io::network::rw_state;

/// Reads and writes for CAF's stream, through the validator and TLS.
class validating_policy {
public:
  explicit validating_policy(validated_connection connection)
    : connection_(std::move(connection)) {
    // nop
  }

  rw_state read_some(std::size_t& result, native_socket fd, void* target,
                     std::size_t size) {
    result = 0;
    auto& validator = *connection_.validator;
    byte_stream bytes{fd, connection_.tls.get()};
    auto n = std::ptrdiff_t{1};
    while (validator.ready() == 0 && n > 0)
      n = receive(fd, bytes.read(validator.free_space()));
    // The socket does not become readable for bytes in the TLS session.
    while (n > 0)
      n = receive(fd, bytes.read_rest(validator.free_space()));
    // Frames that came before the end of the connection are delivered first.
    if (n < 0 && (is_refused_ || validator.ready() == 0))
      return rw_state::failure;
    result = validator.take(static_cast<char*>(target), size);
    return rw_state::success;
  }

  rw_state write_some(std::size_t& result, native_socket fd, const void* source,
                      std::size_t size) {
    result = 0;
    if (size == 0)
      return rw_state::indeterminate;
    if (connection_.sent > 0) {
      result = std::min(connection_.sent, size);
      connection_.sent -= result;
      return rw_state::success;
    }
    byte_stream bytes{fd, connection_.tls.get()};
    auto n = bytes.write({static_cast<const char*>(source), size});
    if (n < 0)
      return rw_state::failure;
    result = static_cast<std::size_t>(n);
    return rw_state::success;
  }

  // The socket does not become readable for bytes in the validator.
  bool must_read_more(native_socket, std::size_t wanted) {
    return connection_.validator->ready() >= wanted;
  }

  validated_connection& connection() {
    return connection_;
  }

private:
  /// Validates the `n` bytes of a read; -1 if the connection ends.
  std::ptrdiff_t receive(native_socket fd, std::ptrdiff_t n) {
    if (n <= 0)
      return n;
    auto reason = connection_.validator->commit(static_cast<std::size_t>(n));
    if (reason == refusal::none)
      return n;
    connection_.journal->refuse(reason, connection_.address,
                                connection_.identity);
    // Bytes that wait to be written are dropped.
    ::shutdown(fd, SHUT_RDWR);
    is_refused_ = true;
    return -1;
  }

  validated_connection connection_;
  bool is_refused_ = false;
};

/// Up to this size, output is written at once and not batched.
constexpr std::size_t max_immediate_write = 1u << 10;

class validating_stream : public caf::io::network::stream {
public:
  validating_stream(caf::io::network::default_multiplexer& multiplexer,
                    validated_connection connection)
    : stream(multiplexer, connection.socket.release()),
      policy_(std::move(connection)) {
    // nop
  }

  void handle_event(operation op) override {
    handle_event_impl(op, policy_);
    reset_counters();
  }

  /// Removes a frame that the peer would refuse from the frames that were added
  /// to the output since the last call of count_responses(), and returns its
  /// header.
  std::optional<frame_header> take_large_frame() {
    return edgeless::take_large_frame(wr_buf(), counted_);
  }

  /// Counts the responses among the frames that were added to the output since
  /// the last call. False: the peer does not read its responses.
  bool count_responses() {
    auto& output = wr_buf();
    assert(counted_ <= output.size());
    for (auto& x :
         responses_in({output.data() + counted_, output.size() - counted_})) {
      connection().validator->on_response(x);
      unread_ += x.bytes;
    }
    counted_ = output.size();
    return unread_ <= limits::unread_answers;
  }

  /// Writes a small output without waiting for the socket to become writable,
  /// which would cost three system calls in CAF.
  void write_at_once() {
    auto& output = wr_buf();
    if (state_.writing || output.empty() || output.size() > max_immediate_write)
      return;
    std::size_t written = 0;
    auto result
      = policy_.write_some(written, fd(), output.data(), output.size());
    if (result == rw_state::success && written == output.size())
      output.clear();
    else if (result == rw_state::success)
      connection().sent += written;
  }

  /// CAF has moved the output to the buffer that it writes.
  void reset_counters() {
    if (!wr_buf().empty())
      return;
    counted_ = 0;
    unread_ = 0;
  }

  validated_connection& connection() {
    return policy_.connection();
  }

private:
  validating_policy policy_;
  /// Bytes of the output that count_responses() has seen.
  std::size_t counted_ = 0;
  /// Bytes of responses among them.
  std::size_t unread_ = 0;
};

// CAF uses the file descriptor as handle, and cleans up after it is closed,
// when it may be that of a new connection. These handles are never reused;
// those of accepted connections are odd.
caf::io::connection_handle next_handle(bool accepted) {
  static std::atomic<std::int64_t> last{std::int64_t{1} << 32};
  auto id = last.fetch_add(2);
  return caf::io::connection_handle::from_int(accepted ? id + 1 : id);
}

bool is_accepted(caf::io::connection_handle handle) {
  return handle.id() % 2 == 1;
}

class basp_connection : public caf::io::scribe {
public:
  basp_connection(caf::io::network::default_multiplexer& multiplexer,
                  validated_connection connection)
    : scribe(next_handle(connection.accepted)),
      stream_(multiplexer, std::move(connection)) {
    auto& peer = stream_.connection().validator->peer();
    caf::binary_deserializer source{nullptr, peer.data(), peer.size()};
    [[maybe_unused]] auto error = source(peer_);
    assert(!error);
  }

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (is_started_)
      return;
    is_started_ = true;
    register_peer();
    stream_.start(this);
    // The handshake is in the validator, so the socket may not be readable.
    stream_.backend().post(
      [self = caf::intrusive_ptr<basp_connection>{this}] { self->begin(); });
  }

  void ack_writes(bool enable) override {
    stream_.ack_writes(enable);
  }

  std::vector<char>& wr_buf() override {
    return stream_.wr_buf();
  }

  std::vector<char>& rd_buf() override {
    return stream_.rd_buf();
  }

  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }

  void flush() override {
    while (auto frame = stream_.take_large_frame())
      refuse(*frame);
    if (!stream_.count_responses() && is_accepted(hdl()))
      return close_slow_reader();
    stream_.write_at_once();
    stream_.flush(this);
    stream_.reset_counters();
  }

  std::string addr() const override {
    auto result = caf::io::network::remote_addr_of_fd(stream_.fd());
    return result ? *result : std::string{};
  }

  std::uint16_t port() const override {
    auto result = caf::io::network::remote_port_of_fd(stream_.fd());
    return result ? *result : std::uint16_t{0};
  }

  void add_to_loop() override {
    stream_.activate(this);
  }

  void remove_from_loop() override {
    stream_.passivate();
  }

protected:
  void detach_from(caf::io::abstract_broker* broker) override {
    static_cast<caf::io::basp_broker*>(broker)->spawn_servers.erase(peer_);
    scribe::detach_from(broker);
  }

private:
  caf::io::basp_broker* broker() {
    return static_cast<caf::io::basp_broker*>(parent());
  }

  /// The error is the response to a frame that is not sent, or takes the place
  /// of it if it is a response itself.
  void refuse(const frame_header& frame) {
    auto& x = stream_.connection();
    auto text = "the message is too large: it has "
                + std::to_string(frame.length) + " bytes, more than "
                + std::to_string(limits::frame);
    x.journal->not_sent(x.address, text);
    caf::message_id id{frame.data};
    auto answer = caf::make_message(fail(ec::exhausted, std::move(text)));
    if (id.is_response())
      respond(frame, answer);
    else if (auto sender = broker()->system().registry().get(frame.source);
             sender && id.is_request())
      sender->get()->enqueue(nullptr, id.response_id(), std::move(answer),
                             nullptr);
  }

  void respond(const frame_header& frame, caf::message content) {
    std::vector<char> payload;
    caf::binary_serializer values{broker()->system(), payload};
    std::vector<caf::strong_actor_ptr> no_stages;
    [[maybe_unused]] auto error = values(no_stages, content);
    caf::io::basp::header header{caf::io::basp::message_type::direct_message,
                                 0,
                                 static_cast<std::uint32_t>(payload.size()),
                                 frame.data,
                                 frame.source,
                                 frame.target};
    std::vector<char> bytes;
    caf::binary_serializer sink{nullptr, bytes};
    error = sink(header);
    assert(!error);
    auto& output = stream_.wr_buf();
    output.insert(output.end(), bytes.begin(), bytes.end());
    output.insert(output.end(), payload.begin(), payload.end());
  }

  void close_slow_reader() {
    auto& x = stream_.connection();
    x.journal->refuse(refusal::slow_reader, x.address);
    ::shutdown(stream_.fd(), SHUT_RDWR);
    stream_.wr_buf().clear();
    stream_.reset_counters();
  }

  void register_peer() {
    auto broker = this->broker();
    // CAF would request the peer's spawn server and keep an actor for the
    // response for ever, unless it has an entry already.
    broker->spawn_servers.emplace(peer_, caf::actor{});
    // CAF leaves this zero for dialled connections, which would time out at
    // its next tick.
    auto i = broker->ctx.find(hdl());
    if (i != broker->ctx.end())
      i->second.last_seen = broker->clock().now();
  }

  void begin() {
    if (detached())
      return;
    if (!is_accepted(hdl()))
      if (auto other = broker()->instance.tbl().lookup_direct(peer_);
          other && is_accepted(*other))
        keep_parallel_connection();
    stream_.handle_event(operation::read);
  }

  // Both nodes have dialled each other. CAF would close the dialled connection
  // as redundant; if both do so at the same time, none is left. So both
  // connections stay, and each node sends on the one that it dialled.
  void keep_parallel_connection() {
    auto broker = this->broker();
    auto& validator = *stream_.connection().validator;
    validator.skip_frame();
    broker->context(&stream_.backend());
    broker->set_context(hdl());
    broker->instance.tbl().add_alternative(hdl(), peer_);
    broker->instance.tbl().select_alternative(hdl(), peer_);
    std::set<std::string> interface;
    broker->finalize_handshake(peer_, validator.published_actor(), interface);
  }

  validating_stream stream_;
  caf::node_id peer_;
  bool is_started_ = false;
};

} // namespace

caf::io::scribe_ptr make_basp_connection(caf::actor_system& system,
                                         validated_connection connection) {
  auto& multiplexer = static_cast<caf::io::network::default_multiplexer&>(
    system.middleman().backend());
  return caf::make_counted<basp_connection>(multiplexer, std::move(connection));
}

node_bytes wire_bytes(const caf::node_id& node) {
  std::vector<char> buffer;
  caf::binary_serializer sink{nullptr, buffer};
  node_bytes result{};
  if (auto error = sink(node); !error && buffer.size() == result.size())
    std::copy(buffer.begin(), buffer.end(), result.begin());
  return result;
}

std::string client_handshake(caf::actor_system& system) {
  std::vector<char> buffer;
  caf::binary_serializer sink{nullptr, buffer};
  caf::io::basp::header header{caf::io::basp::message_type::client_handshake,
                               0,
                               static_cast<std::uint32_t>(node_bytes{}.size()),
                               0,
                               caf::invalid_actor_id,
                               caf::invalid_actor_id};
  [[maybe_unused]] auto error = sink(header, system.node());
  assert(!error);
  return {buffer.begin(), buffer.end()};
}

} // namespace edgeless
